"""Proves that results of all shapes are kept within one bound in bytes, and are what was written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dicomweb.qido.kept_results import KeptResults

_BOUND = 20_000


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20), st.integers(0, 30_000)), max_size=80))
def test_the_bound_holds_for_all_shapes_together(puts: list[tuple[int, int, int]]) -> None:
    kept = KeptResults(_BOUND)
    lengths: dict[tuple[int, int], int] = {}
    for shape, number, length in puts:
        row = (number, "x")
        known = kept.of(shape).get(row) or kept.older(shape, row)
        assert known is None or len(known) == lengths[shape, number]
        if known is None:
            lengths[shape, number] = length
            kept.put(shape, row, "r" * length)
        else:
            kept.put(shape, row, known)
        assert 0 <= kept.size <= _BOUND


def test_a_generation_goes_as_a_whole_and_what_is_used_goes_along() -> None:
    kept = KeptResults(4000)
    kept.put("a", (0,), "used")
    number = 0
    while (0,) in kept.of("a"):
        number += 1
        kept.put("b", (number,), "r" * 200)
    assert kept.older("a", (0,)) == "used"
    kept.put("a", (0,), "used")
    assert kept.of("a") == {(0,): "used"}


def test_what_is_out_of_proportion_is_not_kept() -> None:
    kept = KeptResults(2**20)
    kept.put("a", (0,), "r" * 2**15)
    assert (kept.of("a"), kept.size) == ({}, 0)
