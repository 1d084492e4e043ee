"""Proves that caches stay within their bound and forget what was used least recently."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dicomweb.http.cache import BoundedCache


def test_the_least_recently_used_goes_first() -> None:
    cache: BoundedCache[str] = BoundedCache(2)
    cache.put("a", "A")
    cache.put("b", "B")
    assert cache.get("a") == "A"
    cache.put("c", "C")
    assert [cache.get(key) for key in "abc"] == ["A", None, "C"]


def test_what_is_larger_than_the_whole_cache_is_given_but_not_kept() -> None:
    cache: BoundedCache[bytes] = BoundedCache(10, len)
    assert cache.get_or_make("small", lambda: b"12345") == b"12345"
    assert cache.get_or_make("large", lambda: b"x" * 11) == b"x" * 11
    assert cache.get("large") is None
    assert cache.get("small") == b"12345"


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40)), max_size=60))
def test_the_weight_never_exceeds_the_bound(puts: list[tuple[int, int]]) -> None:
    cache: BoundedCache[bytes] = BoundedCache(100, len)
    for key, weight in puts:
        cache.put(key, b"x" * weight)
        assert cache.get(key) == b"x" * weight
        assert sum(len(cache.get(each) or b"") for each in range(10)) <= 100
