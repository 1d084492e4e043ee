"""What goes into ingest and what comes out."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal

from access_control.model import Actor
from pacs_node.archive.index import Found
from pacs_node.header.scan import Header
from pacs_node.ingest.part10 import FileMeta
from pacs_node.ingest.spool import Spool
from pacs_node.peers.model import IntakeRules

Channel = Literal["c-store", "stow-rs", "import"]
DECLARED = IntakeRules()


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
    rules: IntakeRules = DECLARED
    meta: FileMeta | None = None
    """The file meta information where it is our own; None where it is to be read from the file."""
    header: Header | None = None
    """What the first bytes of the data set have said already, by the same rules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The instance is durable and indexed. `duplicate`: it was there before, byte for byte."""

    sop_class_uid: str
    sop_instance_uid: str
    study_uid: str
    series_uid: str
    duplicate: bool = False


class Work:
    """An instance that has been checked, and waits for the writer."""

    __slots__ = (
        "dataset_offset", "error", "file", "header", "incoming", "known", "path", "settled", "size",
        "transfer_syntax_uid", "turn",
    )  # fmt: skip

    def __init__(self, incoming: Incoming, header: Header, *, transfer_syntax_uid: str, dataset_offset: int) -> None:
        self.incoming = incoming
        self.header = header
        self.transfer_syntax_uid = transfer_syntax_uid
        self.dataset_offset = dataset_offset
        """Where the data set begins in the file, in bytes."""
        self.path = incoming.spool.path
        """Where the file is; the service says where it is to be, and the writer puts it there."""
        self.file = ""
        """Its name in the archive."""
        self.size = incoming.spool.size
        self.known: Found | None = None
        """Set when the SOP Instance UID turned out to be in the index; nothing was stored then."""
        self.error: BaseException | None = None
        self.settled = False
        """Whether the writer is done with it: stored, known, or failed."""
        self.turn = threading.Lock()
        """Released by the writer when the thread that waits has something to do."""
        self.turn.acquire()

    def stored(self, *, duplicate: bool) -> Stored:
        """The answer for this instance."""
        return Stored(
            sop_class_uid=self.header.sop_class_uid,
            sop_instance_uid=self.header.sop_instance_uid,
            study_uid=self.header.study_uid,
            series_uid=self.header.series_uid,
            duplicate=duplicate,
        )
