"""Proves that a peer which waits silently for a long answer of ours is not taken for one that is gone."""

from __future__ import annotations

import threading
from typing import Any

from pynetdicom.dimse_primitives import C_FIND

from pacs_node.peers.model import Service
from pacs_node.scp.association import NodeAssociation
from pacs_node.scp.service import IMPLICIT_LITTLE, Offer
from pacs_node.upper_layer.command_set import C_FIND_RQ, encode
from pacs_node.upper_layer.requestor import VERIFICATION, Proposal, Requestor
from tests.pacs_node.conftest import CLINIC_AE, Hub
from tests.pacs_node.scp.conftest import STUDY_ROOT_FIND

PATIENCE = 1.0


class Slow:
    """Answers a query when it is told to."""

    offers = (Offer(sop_class_uid=STUDY_ROOT_FIND, service=Service.FIND),)

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()

    def serve(self, association: NodeAssociation, request: Any, context_id: int) -> None:
        """Wait, then say that nothing was found."""
        self.begun.set()
        assert self.go_on.wait(30)
        response = C_FIND()
        response.MessageIDBeingRespondedTo, response.AffectedSOPClassUID = request.MessageID, STUDY_ROOT_FIND
        response.Status = 0
        association.dimse.send_msg(response, context_id)


def test_a_peer_is_not_cut_off_for_the_time_that_we_take(hub: Hub) -> None:
    with hub.database.write() as session:
        hub.peers.add(session, CLINIC_AE, "CLINIC", services=frozenset({Service.FIND}))
    slow = Slow()
    limits: dict[str, Any] = {"services": [slow], "patience": PATIENCE}
    node = hub.node(limits)
    proposals = [Proposal(STUDY_ROOT_FIND, (IMPLICIT_LITTLE,)), Proposal(VERIFICATION, (IMPLICIT_LITTLE,))]
    how = {"calling": CLINIC_AE, "called": "DOKUEI", "implementation_class_uid": "2.25.1"}
    try:
        with Requestor.open(tuple(node.start()), proposals=proposals, **how) as association:
            command = {0x0002: STUDY_ROOT_FIND, 0x0100: C_FIND_RQ, 0x0110: 1, 0x0700: 0, 0x0800: 1}
            association.send(1, encode(command), b"\x08\0\x52\0\6\0\0\0STUDY ")
            assert slow.begun.wait(30)
            threading.Event().wait(2 * PATIENCE)  # the peer says nothing for longer than it may
            slow.go_on.set()
            assert association.receive().command.status == 0
            # The idle timer begins with the answer: within it the peer is heard, several times over.
            for _ in range(3):
                threading.Event().wait(PATIENCE / 4)
                assert association.echo() == 0
    finally:
        slow.go_on.set()
        node.stop()
