"""Ids are unique, sort by time, and UIDs are valid."""

from __future__ import annotations

import re
import time

from shared_kernel.ids import new_id, new_uid


def test_later_ids_sort_behind_earlier_ones() -> None:
    earlier = new_id()
    time.sleep(0.002)
    assert earlier < new_id()


def test_ids_are_version_7_and_unique() -> None:
    made = {new_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}", each) for each in made)


def test_uids_are_valid() -> None:
    uid = new_uid()
    assert re.fullmatch(r"2\.25\.[1-9][0-9]*", uid)
    assert len(uid) <= 64
