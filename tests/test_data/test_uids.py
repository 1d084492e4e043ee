"""UIDs are valid, depend on their parts alone, and do not collide when parts are joined differently."""

import re

from hypothesis import given
from hypothesis import strategies as st

from test_data.uids import random_stream, uid

PARTS = st.lists(st.one_of(st.text(max_size=30), st.integers()), max_size=5)


@given(PARTS)
def test_a_uid_is_valid_and_under_the_root_for_uuids(parts: list[str | int]) -> None:
    value = uid(*parts)
    assert re.fullmatch(r"2\.25\.[1-9][0-9]{0,38}", value)
    assert uid(*parts) == value


@given(PARTS, PARTS)
def test_different_parts_give_different_uids(one: list[str | int], other: list[str | int]) -> None:
    assert (uid(*one) == uid(*other)) == (one == other)


def test_parts_do_not_run_into_each_other() -> None:
    assert len({uid("a", "b"), uid("ab"), uid("a,b"), uid('a","b'), uid("1"), uid(1)}) == 6


@given(PARTS)
def test_a_random_stream_repeats_itself(parts: list[str | int]) -> None:
    assert random_stream(*parts).integers(2**62) == random_stream(*parts).integers(2**62)
