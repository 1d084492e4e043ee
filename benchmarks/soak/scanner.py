"""A clinic's scanner: sends studies, and does all that scanners do wrong."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from random import Random

from benchmarks import objects
from benchmarks.objects import Template
from benchmarks.sending import STORESCU, Node, Storing, storescu, write_files
from benchmarks.soak.ledger import Ledger
from benchmarks.wire import (
    IMPLICIT_LITTLE,
    STUDY_ROOT_FIND,
    VERIFICATION,
    Association,
    NotServed,
    association_request,
)

_DIFFERENT, _NOT_AUTHORISED, _MISMATCH = 0x0111, 0x0124, 0xA900
_MOST_HALF_OPEN = 3

KINDS: tuple[Template, ...] = (
    objects.small(seed=1),
    objects.template("MR", rows=256, columns=256, seed=2),
    objects.template("MR", rows=256, columns=256, syntax=IMPLICIT_LITTLE, seed=3),
    objects.large(seed=4),
    objects.template("CR", rows=2048, columns=2048, seed=5),
)
"""35 kB, 131 kB in both syntaxes, 526 kB, 8.4 MB."""
_LONGEST_SERIES = (30, 20, 20, 12, 2)
_CLASSES = sorted({(made.sop_class, made.syntax) for made in KINDS})
_STORAGE_ONLY, _MIXED = _CLASSES, [*_CLASSES, (STUDY_ROOT_FIND, IMPLICIT_LITTLE)]


class Scanner:
    """One scanner; `round` does one of the things that it does, chosen by its own seeded source."""

    def __init__(self, node: Node, site: str, ledger: Ledger, folder: Path, seed: int) -> None:
        self.node, self.site, self.ledger, self.folder = node, site, ledger, folder
        self.source = Random(seed)
        self._half_open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._deeds: list[tuple[Callable[[], None], int]] = [
            (self.send_study, 8),
            (self.send_study_with_queries_proposed, 4),
            (self.send_by_dcmtk, 2 if Path(STORESCU).exists() else 0),
            (self.send_again, 3),
            (self.send_other_content, 2),
            (self.send_to_a_foreign_study, 1),
            (self.name_another_instance, 1),
            (self.abort_in_mid_object, 3),
            (self.vanish_in_mid_object, 2),
            (self.leave_half_open, 2),
            (self.echo, 1),
        ]

    def round(self) -> None:
        """One deed."""
        [deed] = self.source.choices([deed for deed, _ in self._deeds], [weight for _, weight in self._deeds])
        deed()

    def every_deed(self) -> None:
        """Each deed once, in order."""
        for deed, weight in self._deeds:
            if weight:
                deed()

    def close(self) -> None:
        """Close what was left half open."""
        while self._half_open:
            self._half_open.pop().close()

    def send_study(self, contexts: list[tuple[str, str]] = _STORAGE_ONLY) -> None:
        """A study of one series on one association; each instance must be taken."""
        made, series = self._new_series()
        storing = Storing(self.node, contexts)
        for identity in series:
            status = storing.store(storing.frame(made, identity))
            self.ledger.expect("stored", 0, status)
            if status == 0:
                self.ledger.keep(made, identity, self.site)
        storing.release()

    def send_study_with_queries_proposed(self) -> None:
        """The same on an association that proposes C-FIND too, which the hub serves on its other lane."""
        self.send_study(_MIXED)

    def send_by_dcmtk(self) -> None:
        """A study by `storescu`."""
        made, series = self._new_series()
        while made.syntax == IMPLICIT_LITTLE:
            # It would be sent in explicit VR, which storescu proposes first, and be another data set.
            made, series = self._new_series()
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        try:
            storescu(self.node, [write_files([(made, identity) for identity in series], folder / "files")])
        except RuntimeError as error:
            self.ledger.fail(str(error))
            return
        finally:
            shutil.rmtree(folder)
        for identity in series:
            self.ledger.keep(made, identity, self.site)
        self.ledger.count("stored by dcmtk", len(series))

    def send_again(self) -> None:
        """An instance that is there: success, and no second one."""
        if kept := self.ledger.any(self.source, self.site):
            self.ledger.expect("sent again", 0, self._one(kept.made, kept.identity))

    def send_other_content(self) -> None:
        """Other pixels under a UID that is taken: refused, the first ones stay."""
        if kept := self.ledger.any(self.source, self.site):
            self.ledger.expect("other content", _DIFFERENT, self._one(kept.made.other_content(), kept.identity))

    def send_to_a_foreign_study(self) -> None:
        """A new image for another site's study: refused."""
        others = [kept for kept in self.ledger.all()[-200:] if kept.site != self.site]
        if others:
            kept = self.source.choice(others)
            identity = kept.identity._replace(instance=objects.series(1, source=self.source)[0].instance)
            self.ledger.expect("foreign study", _NOT_AUTHORISED, self._one(kept.made, identity))

    def name_another_instance(self) -> None:
        """The request names another instance than the data set: refused."""
        made, [identity, other, *_] = KINDS[0], objects.series(2, source=self.source)
        storing = Storing(self.node, _STORAGE_ONLY)
        opening, pixels = storing.frame(made, identity)
        # The UID stands in the command set first.
        lied = opening.replace(identity.instance.encode(), other.instance.encode(), 1)
        self.ledger.expect("mismatch", _MISMATCH, storing.store((lied, pixels)))
        storing.release()

    def abort_in_mid_object(self) -> None:
        """A-ABORT behind half of the pixels."""
        self._break_off(lambda storing: storing.association.abort())
        self.ledger.count("aborted")

    def vanish_in_mid_object(self) -> None:
        """The connection is closed behind half of the pixels."""
        self._break_off(lambda storing: storing.association.close())
        self.ledger.count("vanished")

    def leave_half_open(self) -> None:
        """Leave a connection open: without a word, in mid-request, or associated and silent."""
        how = self.source.randrange(3)
        connection = socket.create_connection(self.node.address, timeout=60)
        if how:
            request = association_request([(VERIFICATION, [IMPLICIT_LITTLE])], self.node.calling, self.node.called)
            connection.sendall(request if how == 1 else request[:40])
        self._half_open.append(connection)
        if len(self._half_open) > _MOST_HALF_OPEN:
            self._half_open.pop(0).close()
        self.ledger.count("half open")

    def echo(self) -> None:
        """C-ECHO."""
        contexts = [(VERIFICATION, [IMPLICIT_LITTLE])]
        node = self.node
        with Association(node.address, contexts, calling=node.calling, called=node.called) as association:
            self.ledger.expect("echo", 0, association.echo())

    def _new_series(self) -> tuple[Template, list[objects.Identity]]:
        number = self.source.randrange(len(KINDS))
        return KINDS[number], objects.series(self.source.randint(1, _LONGEST_SERIES[number]), source=self.source)

    def _one(self, made: Template, identity: objects.Identity) -> int:
        storing = Storing(self.node, self.source.choice([_STORAGE_ONLY, _MIXED]))
        status = storing.store(storing.frame(made, identity))
        storing.release()
        return status

    def _break_off(self, end: Callable[[Storing], None]) -> None:
        made = self.source.choice(KINDS[1:])
        [identity] = objects.series(1, source=self.source)
        storing = Storing(self.node, self.source.choice([_STORAGE_ONLY, _MIXED]))
        try:
            storing.stream(made, identity, until=made.pixels // 2)
        finally:
            end(storing)


__all__ = ["KINDS", "NotServed", "Scanner"]
