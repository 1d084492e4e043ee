"""Proves that a repeating thread works until it is stopped, outlives failures, tells of them once, and ends in time."""

from __future__ import annotations

import queue
import threading

import pytest
from structlog.testing import capture_logs

from shared_kernel.repeating import Repeating
from tests.support.waiting import until


def test_it_works_until_it_is_stopped_and_can_begin_again() -> None:
    turns: queue.Queue[str] = queue.Queue()
    began: list[str] = []

    def turn() -> float:
        turns.put(threading.current_thread().name)
        return 0.0

    def begin() -> None:
        began.append(threading.current_thread().name)

    repeating = Repeating("counting", turn, subject="counting", pause=0, begin=begin)
    assert not repeating.alive
    for _ in range(2):
        repeating.start()
        assert ["counting"] * 3 == [turns.get(timeout=20) for _ in range(3)]
        assert repeating.alive
        repeating.stop()
        assert not repeating.alive
        turns.queue.clear()
    assert ["counting"] * 2 == began
    assert turns.empty()


def test_failures_are_told_once_and_so_is_their_end() -> None:
    outcomes = iter([OSError("full"), OSError("full"), None, ValueError("once more"), None])
    done = threading.Event()

    def turn() -> float:
        outcome = next(outcomes, "over")
        if isinstance(outcome, Exception):
            raise outcome
        if outcome == "over":
            done.set()
        return 0.0

    repeating = Repeating("failing", turn, subject="work", pause=0)
    with capture_logs() as logs:
        repeating.start()
        assert done.wait(20)
        repeating.stop()
    assert ["work_failed", "work_goes_on", "work_failed", "work_goes_on"] == [entry["event"] for entry in logs]


def test_a_beginning_that_fails_is_told_and_the_work_is_done() -> None:
    done = threading.Event()

    def begin() -> None:
        raise PermissionError

    def turn() -> float:
        if done.is_set():
            again.set()
        done.set()
        return 0.0

    again = threading.Event()
    repeating = Repeating("begun", turn, subject="work", pause=0, begin=begin)
    with capture_logs() as logs:
        repeating.start()
        assert again.wait(20)
        repeating.stop()
    assert ["work_failed", "work_goes_on"] == [entry["event"] for entry in logs]


def test_a_long_turn_sees_that_it_is_to_end() -> None:
    inside = threading.Event()

    def turn() -> float:
        inside.set()
        assert repeating.stopping.wait(20)
        return 0.0

    repeating = Repeating("long", turn, subject="work", pause=0)
    repeating.start()
    assert inside.wait(20)
    repeating.stop()
    assert not repeating.alive


def test_a_turn_that_does_not_end_holds_nobody_up() -> None:
    inside, leave = threading.Event(), threading.Event()

    def turn() -> float:
        inside.set()
        leave.wait(60)
        return 0.0

    repeating = Repeating("stuck", turn, subject="work", pause=0)
    repeating.start()
    assert inside.wait(20)
    with capture_logs() as logs:
        repeating.stop(within=0.01)
    assert [("thread.not_ended", "stuck")] == [(entry["event"], entry["thread"]) for entry in logs]
    assert repeating.alive
    leave.set()
    until(lambda: not repeating.alive, seconds=20, what="the end of the thread")


@pytest.mark.parametrize("started", [True, False])
def test_stopping_twice_or_before_the_start_is_harmless(started: bool) -> None:
    repeating = Repeating("idle", lambda: 60.0, subject="work", pause=60)
    if started:
        repeating.start()
    repeating.stop()
    repeating.stop()
    assert not repeating.alive
