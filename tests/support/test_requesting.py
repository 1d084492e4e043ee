"""An association's own thread takes an answer from who waits for it, and doesn't behind our checkpoint.

The moment is forced: the thread has been let go by the first request and has not left its wait when the second begins.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pynetdicom import AE
from pynetdicom.dimse_primitives import C_ECHO
from pynetdicom.fsm import InvalidEventError
from pynetdicom.sop_class import Verification

from tests.support import requesting
from tests.support.requesting import Checkpoint
from tests.support.waiting import until


@pytest.fixture
def peer() -> Iterator[tuple[str, int]]:
    ae = AE()
    ae.add_supported_context(Verification)
    server = ae.start_server(("127.0.0.1", 0), block=False)
    yield server.socket.getsockname()
    server.shutdown()


def _late(kind: type[threading.Event], *args: Any) -> Any:
    """A checkpoint of this kind; the reactor that passes it after `hold` is set stands still until `may_leave`."""

    class Late(kind):  # type: ignore[valid-type, misc]
        hold = False
        may_leave: Callable[[], bool]

        def wait(self, timeout: float | None = None) -> bool:
            passed = bool(super().wait(timeout))
            if self.hold:
                self.held.set()
                until(self.may_leave, what="the second request")
                self.hold = False
            return passed

    late = Late(*args)
    late.held = threading.Event()
    late.set()
    return late


@pytest.mark.parametrize("ours", [False, True])
def test_an_answer_reaches_who_asked(peer: tuple[str, int], monkeypatch: pytest.MonkeyPatch, *, ours: bool) -> None:
    ae = AE()
    ae.dimse_timeout = 3
    ae.add_requested_context(Verification)
    assoc: Any = ae.associate(*peer)
    late = _late(Checkpoint, assoc) if ours else _late(threading.Event)
    monkeypatch.setattr(assoc, "_reactor_checkpoint", late)
    received, get_msg, looked = assoc.dimse.msg_queue, assoc.dimse.get_msg, threading.Event()

    def get(block: bool = False) -> Any:
        if not block:
            taken = get_msg(block)
            looked.set()
            return taken
        # The reactor gets its chance first, as it does on a busy machine.
        until(lambda: not received.empty() or looked.is_set(), what="the answer")
        assert looked.wait(20)
        return get_msg(block)

    assert assoc.send_c_echo().Status == 0
    # Let go by that request, the reactor does not get beyond its wait until an answer is there, which it must not
    # take, or until somebody takes care that it comes back.
    late.may_leave = lambda: not received.empty() or getattr(late, "awaited", False)
    late.hold = True
    assert late.held.wait(20)
    monkeypatch.setattr(assoc.dimse, "get_msg", get)
    assert ("Status" in assoc.send_c_echo()) is ours
    assoc.abort()


def test_many_requests_and_a_release(peer: tuple[str, int]) -> None:
    ae = AE()
    ae.add_requested_context(Verification)
    assoc = requesting.associate(ae, *peer)
    assert {assoc.send_c_echo().Status for _ in range(50)} == {0}
    assoc.release()
    assoc.join(20)
    assert assoc.is_released
    assert not assoc.is_alive()


@pytest.mark.parametrize("ours", [False, True])
def test_an_answer_that_comes_after_the_release(
    peer: tuple[str, int], monkeypatch: pytest.MonkeyPatch, *, ours: bool
) -> None:
    died: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", died.append)
    ae = AE()
    ae.acse_timeout = 1
    ae.add_requested_context(Verification)
    assoc = requesting.associate(ae, *peer) if ours else ae.associate(*peer)
    release = assoc.acse.send_release
    late = C_ECHO()
    late.MessageIDBeingRespondedTo, late.AffectedSOPClassUID, late.Status = 1, Verification, 0

    def released(is_response: bool = False) -> None:
        release(is_response)
        assoc.dimse.send_msg(late, 1)

    monkeypatch.setattr(assoc.acse, "send_release", released)
    assoc.release()
    assoc.join(20)
    assoc.dul.join(20)
    assert [each.exc_type for each in died] == ([] if ours else [InvalidEventError])
    assert assoc.is_released or not ours


def test_an_abort_ends_the_thread_of_the_association(peer: tuple[str, int]) -> None:
    ae = AE()
    ae.add_requested_context(Verification)
    assoc = requesting.associate(ae, *peer)
    assert assoc.send_c_echo().Status == 0
    assoc.abort()
    assoc.join(20)
    assert not assoc.is_alive()


def test_who_is_busy_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requesting, "_SECONDS", 0.3)
    busy = threading.Event()
    reactor = threading.Thread(target=busy.wait)
    reactor.start()
    with pytest.raises(TimeoutError):
        Checkpoint(reactor).clear()
    busy.set()
    reactor.join()
    Checkpoint(reactor).clear()  # nobody is left who could take anything
