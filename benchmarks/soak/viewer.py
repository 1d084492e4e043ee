"""A clinic's workstation that fetches for itself: C-FIND of a patient, then C-GET of the study."""

from __future__ import annotations

import hashlib
from random import Random

from benchmarks.figures.find import find
from benchmarks.sending import Node
from benchmarks.sink import Received
from benchmarks.soak.ledger import Ledger
from benchmarks.soak.scanner import KINDS
from benchmarks.wire import (
    C_GET_RQ,
    C_GET_RSP,
    C_STORE_RQ,
    C_STORE_RSP,
    IMPLICIT_LITTLE,
    NO_DATA_SET,
    PENDING,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    Association,
    Broken,
    command_set,
    identifier,
    pdv,
    ui,
    us,
)

_GET = 3
"""The presentation context of C-GET; find() takes the first, 1."""
_STORED = sorted({(made.sop_class, made.syntax) for made in KINDS})
_CLASSES = sorted({sop_class for sop_class, _ in _STORED})
_COMPLETED, _FAILED, _WARNED = 0x1021, 0x1022, 0x1023


class Viewer:
    """One workstation; `received` has the digest of all that came, for the end, and its bytes."""

    def __init__(self, node: Node, site: str, ledger: Ledger, seed: int) -> None:
        self.node, self.site, self.ledger = node, site, ledger
        self.source = Random(seed)
        self.received = Received()

    def round(self) -> None:
        """Look for a patient whose study was acknowledged, and get the study. Raises Abandoned when it fails."""
        kept = self.ledger.any(self.source, self.site)
        if kept is None:
            return
        here = {each.identity.instance for each in self.ledger.series_of(kept)}
        keys = {(0x0008, 0x0052): "STUDY", (0x0010, 0x0020): kept.identity.patient, (0x0020, 0x000D): ""}
        contexts = [(STUDY_ROOT_FIND, [IMPLICIT_LITTLE]), (STUDY_ROOT_GET, [IMPLICIT_LITTLE])]
        contexts += [(sop_class, [syntax]) for sop_class, syntax in _STORED]
        node = self.node
        with (
            self.ledger.attempt("C-GET"),
            Association(
                node.address, contexts, calling=node.calling, called=node.called, provided=_CLASSES
            ) as association,
        ):
            with self.ledger.attempt("C-FIND before C-GET"):
                self.ledger.demand("C-FIND before C-GET", 1, find(association, keys))
            got = get(association, kept.identity.study)
        # More may have come meanwhile: whether what came is what was sent is told at the end.
        self.ledger.expect("C-GET", set(), here - got.digests.keys())
        self.ledger.count("C-GET instances", got.instances)
        self.ledger.count("C-GET bytes", got.size)
        self.received.digests |= got.digests
        self.received.instances += got.instances
        self.received.size += got.size

    def every_deed(self) -> None:
        """The one deed."""
        self.round()

    def close(self) -> None:
        """Nothing stays open."""


def get(association: Association, study: str) -> Received:
    """C-GET of one study (PS3.4 section C.4.3). Raises Broken unless every sub-operation went well."""
    association.need(_GET)
    command = {0x0002: ui(STUDY_ROOT_GET), 0x0100: us(C_GET_RQ), 0x0110: us(7), 0x0700: us(0), 0x0800: us(0)}
    association.request(_GET, command, identifier({(0x0008, 0x0052): "STUDY", (0x0020, 0x000D): study}))
    got = Received()
    while True:
        message = association.read_message()
        kind = message.number(0x0100)
        if kind == C_STORE_RQ:
            uid = message.command[0x1000]
            got.instances += 1
            got.size += len(message.data_set)
            got.digests[uid.rstrip(b"\0 ").decode()] = hashlib.sha256(message.data_set).hexdigest()
            answer = {0x0002: message.command[0x0002], 0x0100: us(C_STORE_RSP), 0x0120: message.command[0x0110]}
            answer |= {0x0800: us(NO_DATA_SET), 0x0900: us(0), 0x1000: uid}
            association.socket.sendall(pdv(message.context, 3, command_set(answer)))
        elif kind != C_GET_RSP:
            raise Broken(f"a message of type {kind:04X} in the middle of a C-GET")
        elif message.status not in PENDING:
            break
    told = [message.number(each) for each in (_COMPLETED, _FAILED, _WARNED)]
    if message.status or told != [got.instances, 0, 0] or got.instances != len(got.digests):
        raise Broken(f"C-GET ended with status {message.status:04X}; told {told}, {len(got.digests)} came")
    return got
