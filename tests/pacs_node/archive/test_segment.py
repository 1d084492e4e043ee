"""Records of the landing log: what was written whole is read, and nothing else, whatever the rest of the file holds."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacs_node.archive import segment as module
from pacs_node.archive.segment import MOST, Segment, size_of

_CONTENTS = st.lists(st.tuples(st.binary(max_size=9000), st.binary(max_size=9000)), min_size=1, max_size=6)


@pytest.fixture
def segment(tmp_path: Path) -> Iterator[Segment]:
    made = Segment(tmp_path / "1.log")
    yield made
    made.close()


def written(segment: Segment, records: list[tuple[bytes, bytes]], first: int = 1) -> None:
    """Write as one batch."""
    assert segment.make_room(sum(size_of(len(facts), len(content)) for facts, content in records))
    segment.append([(facts, memoryview(content)) for facts, content in records], first)


def read(path: Path) -> list[tuple[bytes, bytes]]:
    """As another process reads it."""
    segment = Segment(path)
    try:
        return [(record.facts, record.content) for record in segment.records()]
    finally:
        segment.close()


@settings(max_examples=60, deadline=None)
@given(records=_CONTENTS, cut=st.integers(0, 200_000), damage=st.binary(min_size=1, max_size=64))
def test_what_was_whole_before_the_damage_is_read_and_nothing_else(
    records: list[tuple[bytes, bytes]], cut: int, damage: bytes
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "1.log")
        segment = Segment(path)
        written(segment, records)
        segment.close()
        assert records == read(path)
        whole = bytearray(path.read_bytes())
        ends, end = [], 0
        for facts, content in records:
            end += size_of(len(facts), len(content))
            ends.append(end)
        cut %= end
        before = bytes(whole)
        whole[cut : cut + len(damage)] = damage
        path.write_bytes(whole)
        sure = sum(each <= cut for each in ends)
        assert records[:sure] == read(path)[:sure]
        assert read(path) == records[: len(read(path))]  # never anything that was not written
        if bytes(whole[:end]) == before[:end]:
            assert records == read(path)


@settings(max_examples=60, deadline=None)
@given(rubbish=st.binary(max_size=20_000))
def test_a_file_that_is_none_of_ours_holds_no_records(rubbish: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "1.log")
        path.write_bytes(rubbish)
        assert [] == read(path)


@pytest.mark.parametrize("cleared", [True, False])
def test_records_of_an_earlier_use_end_the_reading(segment: Segment, *, cleared: bool) -> None:
    old = [(b"facts", bytes([number]) * 5000) for number in range(5)]
    written(segment, old)
    if cleared:
        segment.clear(lasting=True)
        assert [] == read(segment.path)
    else:  # a start that has never seen them begins at the same numbers
        segment = Segment(segment.path)
    written(segment, [(b"facts", b"new" * 1000)])
    assert [(b"facts", b"new" * 1000)] == read(segment.path)


def test_a_batch_that_was_never_written_through_ends_the_reading(segment: Segment) -> None:
    written(segment, [(b"1", b"one")])
    written(segment, [(b"2", b"two")], 2)
    written(segment, [(b"9", b"not the next")], 9)
    assert [(b"1", b"one"), (b"2", b"two")] == read(segment.path)


def test_room_grows_by_doubling_and_ends(segment: Segment) -> None:
    sizes = []
    for wanted in (1, 2**20, 3 * 2**20, MOST):
        assert segment.make_room(wanted)
        sizes.append(segment.path.stat().st_size)
    assert sizes == [2**20, 2**20, 3 * 2**20, MOST]
    assert not segment.make_room(MOST + 1)
    assert not segment.is_filling


def test_room_that_the_disk_has_not_is_given_back(segment: Segment, monkeypatch: pytest.MonkeyPatch) -> None:
    written(segment, [(b"1", b"one")])
    size = segment.path.stat().st_size
    pwrite = os.pwrite

    def full(file: int, data: bytes, offset: int) -> int:
        if offset > size:
            raise OSError(28, "No space left on device")
        return pwrite(file, data, offset)

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OSError, match="No space"):
        segment.make_room(8 * 2**20)
    monkeypatch.undo()
    assert size == segment.path.stat().st_size
    assert [(b"1", b"one")] == read(segment.path)


@pytest.mark.parametrize("one_call", [True, False])
def test_a_write_that_was_cut_short_is_an_error(
    segment: Segment, monkeypatch: pytest.MonkeyPatch, *, one_call: bool
) -> None:
    if not one_call:
        monkeypatch.delattr(module.os, "RWF_DSYNC")
        written(segment, [(b"1", b"one")])
        assert [(b"1", b"one")] == read(segment.path)
    monkeypatch.setattr(os, "pwritev", lambda *_: 1)
    with pytest.raises(OSError, match="less than it was given"):
        written(segment, [(b"2", b"two")], 2)
