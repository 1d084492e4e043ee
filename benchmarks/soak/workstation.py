"""A clinic's workstation: searches, has series moved to itself, and reads over DICOMweb what was acknowledged."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from benchmarks.figures.find import find
from benchmarks.figures.move import move
from benchmarks.sending import Node
from benchmarks.soak.ledger import Ledger
from benchmarks.targets import Hub
from benchmarks.wire import IMPLICIT_LITTLE, STUDY_ROOT_FIND, Association, NotServed


class Workstation:
    """One workstation of a site; `round` does one of the things that it does."""

    def __init__(self, hub: Hub, node: Node, site: str, *, sink: str, ledger: Ledger, seed: int) -> None:
        self.hub, self.node, self.site, self.sink, self.ledger = hub, node, site, sink, ledger
        self.source = Random(seed)
        self._deeds: list[Callable[[], None]] = [self.search, self.move, self.search_the_web, self.read]

    def round(self) -> None:
        """One deed."""
        self._try(self.source.choice(self._deeds))

    def every_deed(self) -> None:
        """Each deed once."""
        for deed in self._deeds:
            self._try(deed)

    def close(self) -> None:
        """Nothing stays open."""

    def search(self) -> None:
        """C-FIND of a patient who has one study: found at once, as soon as it was acknowledged."""
        if kept := self.ledger.any(self.source, self.site):
            keys = {(0x0008, 0x0052): "STUDY", (0x0010, 0x0020): kept.identity.patient, (0x0020, 0x000D): ""}
            contexts = [(STUDY_ROOT_FIND, [IMPLICIT_LITTLE])]
            node = self.node
            with Association(node.address, contexts, calling=node.calling, called=node.called) as association:
                self.ledger.expect("found", 1, find(association, keys))

    def move(self) -> None:
        """C-MOVE of what is there of a series; more may come meanwhile. The digests are compared at the end."""
        if kept := self.ledger.any(self.source, self.site):
            here = [each.identity for each in self.ledger.series_of(kept)]
            self.ledger.expect("moved", True, move(self.node, self.sink, here) >= len(here))

    def search_the_web(self) -> None:
        """QIDO-RS of a series' instances."""
        if kept := self.ledger.any(self.source, self.site):
            here = {each.identity.instance for each in self.ledger.series_of(kept)}
            path = f"/studies/{kept.identity.study}/series/{kept.identity.series}/instances?limit=5000"
            found = {each["00080018"]["Value"][0] for each in self.hub.query(path, self.site)}
            self.ledger.expect("QIDO-RS", set(), here - found)

    def read(self) -> None:
        """WADO-RS of an instance: its data set is there byte for byte."""
        if kept := self.ledger.any(self.source, self.site):
            body = self.hub.instance(*kept.identity[:3], site=self.site)
            self.ledger.expect("WADO-RS", True, b"".join(kept.made.pieces(kept.identity)) in body)

    def _try(self, deed: Callable[[], None]) -> None:
        try:
            deed()
        except NotServed as refused:
            self.ledger.count(f"not served: {deed.__name__} ({refused})")
