"""What goes into ingest and what comes out."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from access_control.model import Actor
from pacs_node.header.scan import Header
from pacs_node.ingest.spool import Spool
from pacs_node.peers.model import IntakeRules

Channel = Literal["c-store", "stow-rs", "import"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A received Part 10 file and who sent it; what the request said of it is checked against the data set.

    `sender.site_code` is the site that a new study will belong to.
    """

    sender: Actor
    spool: Spool
    channel: Channel
    sop_class_uid: str | None = None
    sop_instance_uid: str | None = None
    study_uid: str | None = None
    rules: IntakeRules = field(default_factory=IntakeRules)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The instance is durable and indexed. `duplicate`: it was there before, byte for byte."""

    sop_class_uid: str
    sop_instance_uid: str
    study_uid: str
    series_uid: str
    duplicate: bool = False


@dataclass(slots=True, kw_only=True)
class Work:
    """An instance that has been checked and waits for the writer."""

    incoming: Incoming
    header: Header
    transfer_syntax_uid: str
    dataset_offset: int
    answer: Future[Stored] = field(default_factory=Future)
    path: Path | None = None
    """Where the file was moved to."""

    def stored(self, *, duplicate: bool) -> Stored:
        """The answer for this instance."""
        return Stored(
            sop_class_uid=self.header.sop_class_uid,
            sop_instance_uid=self.header.sop_instance_uid,
            study_uid=self.header.study_uid,
            series_uid=self.header.series_uid,
            duplicate=duplicate,
        )
