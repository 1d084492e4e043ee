"""Proves that what is costly is made once for all who ask at once, and that an error is told to each of them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from dicomweb.pixels.made_once import MadeOnce
from tests.support.waiting import until


def test_eight_who_ask_at_once_get_one_result() -> None:
    made_once, go, calls = MadeOnce(1000), threading.Event(), []

    def make() -> bytes:
        calls.append(1)
        assert go.wait(10)
        return b"picture"

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(made_once.get, "key", make) for _ in range(8)]
        until(lambda: bool(calls))
        go.set()
        assert {future.result(10) for future in asked} == {b"picture"}
    assert len(calls) == 1
    assert made_once.kept("key") == b"picture"


def test_an_error_reaches_everybody_and_is_not_kept() -> None:
    made_once = MadeOnce(1000)

    def fail() -> bytes:
        raise ValueError("broken")

    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            made_once.get("key", fail)
    assert made_once.get("key", lambda: b"whole") == b"whole"


def test_no_more_than_the_bound_is_kept() -> None:
    made_once = MadeOnce(10)
    for number in range(5):
        made_once.get(number, lambda: b"12345")
    assert [made_once.kept(number) is not None for number in range(5)] == [False, False, False, True, True]
