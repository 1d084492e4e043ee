"""Proves that the raw sender sends exactly the data set in PDUs of the peer's length, and that the sink keeps count."""

from __future__ import annotations

import pytest
from pynetdicom import AE, evt

from benchmarks import objects
from benchmarks.objects import Template
from benchmarks.sending import Node, Storing, send
from benchmarks.sink import sink
from benchmarks.wire import IMPLICIT_LITTLE, VERIFICATION, Association, NotServed


@pytest.mark.parametrize("made", [objects.small(), objects.large(), objects.giant(frames=3)])
def test_every_byte_arrives(made: Template) -> None:
    identities = objects.series(3)
    with sink(digests=True) as receiver:
        sent = send(Node(receiver.address, receiver.ae_title, "BENCH"), [(made, each) for each in identities], 2)
        received = receiver.received()
    assert (3, 3 * made.size, 0) == (sent.count, sent.size, sent.refused)
    assert (3, 3 * made.size) == (received.instances, received.size)
    assert {each.instance: made.digest(each) for each in identities} == received.digests


@pytest.mark.parametrize("longest", [16382, 0])
def test_an_independent_node_takes_them_framed_and_streamed(longest: int) -> None:
    made, identities = objects.large(), objects.series(2)
    stored: list[bytes] = []

    def keep(event: evt.Event) -> int:
        stored.append(event.request.DataSet.getvalue())
        return 0

    ae = AE(ae_title="ANY")
    ae.maximum_pdu_size = longest
    ae.add_supported_context(made.sop_class, made.syntax)
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, keep)])
    try:
        storing = Storing(Node(server.socket.getsockname(), "ANY", "BENCH"), [(made.sop_class, made.syntax)])
        assert 0 == storing.store(storing.frame(made, identities[0]))
        assert 0 == storing.stream(made, identities[1])
        storing.release()
    finally:
        server.shutdown()
    assert [b"".join(made.pieces(each)) for each in identities] == stored


def test_the_sink_answers_an_echo_and_forgets_what_it_has_told() -> None:
    with sink() as receiver:
        with Association(receiver.address, [(VERIFICATION, [IMPLICIT_LITTLE])], calling="A", called="B") as association:
            assert 0 == association.echo()
        node = Node(receiver.address, "B", "A")
        send(node, [(objects.small(), each) for each in objects.series(1)])
        assert [1, 0] == [receiver.received().instances, receiver.received().instances]


def test_a_context_that_was_not_accepted_is_not_measured() -> None:
    ae = AE(ae_title="ANY")
    ae.add_supported_context(VERIFICATION)
    server = ae.start_server(("127.0.0.1", 0), block=False)
    try:
        node = Node(server.socket.getsockname(), "ANY", "BENCH")
        with pytest.raises(NotServed):
            send(node, [(objects.small(), each) for each in objects.series(1)])
    finally:
        server.shutdown()
