"""Putting back a stored file that is missing or damaged, when its sender sends the same data set once more.

What was received is known by its digest, so that only the very same bytes mend. The index is let name the new copy;
what is left of the old one is set aside under another name, and no file is ever written over.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from access_control.gate import audit_entry
from access_control.model import Action, Actor, Resource
from pacs_node.archive.files import FileStore
from pacs_node.archive.index import Found
from pacs_node.archive.tables import InstanceRow
from pacs_node.archive_care.model import Damage, Digest, FileState
from pacs_node.archive_care.reading import BROKEN, digest_of
from pacs_node.archive_care.tables import InstanceDigestRow
from pacs_node.errors import RootAway
from pacs_node.ingest.duplicates import Again, same_dataset
from shared_kernel.audit.trail import record
from shared_kernel.clock import Clock
from shared_kernel.database import Database

DAMAGED_SUFFIX = ".damaged"
_NOT_THERE = (FileNotFoundError, NotADirectoryError, IsADirectoryError)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A file that has just been received, in its place in the archive, not named by the index."""

    path: str
    file: str
    """Its name in the archive."""
    dataset_offset: int
    size: int
    transfer_syntax_uid: str


class Mending:
    """Finds out whether a copy may mend a stored file, and lets it; safe to share between threads."""

    def __init__(self, database: Database, files: FileStore, clock: Clock) -> None:
        self._database = database
        self._files = files
        self._clock = clock

    def compare(self, copy: Copy, there: Found) -> Again:
        """What the copy is, beside the stored file. Raises RootAway where the disk of that is away.

        A file that holds the same data set is damaged only where a verification has found it so (its file meta
        information is). One that was never digested is known by its bytes alone.
        """
        same = self._same(copy, there)
        with self._database.read() as session:
            known = session.get(InstanceDigestRow, there.file)
            syntax = session.scalar(select(InstanceRow.transfer_syntax_uid).filter_by(file=there.file))
        if syntax is None:
            return Again.OVERTAKEN
        whole = same and (known is None or known.state == FileState.OK)
        if not whole and known is not None and syntax == copy.transfer_syntax_uid and _received(known, copy, same=same):
            return Again.MENDS
        return Again.STORED if same else Again.OTHER

    def _same(self, copy: Copy, there: Found) -> bool:
        """Whether the stored file can be read and holds the same data set."""
        root = self._files.root_of_name(there.file)
        try:
            return same_dataset(copy.path, copy.dataset_offset, self._files.path_of(there.file), there.dataset_offset)
        except OSError as error:
            if not root.is_there:
                raise RootAway(root=root.id, path=root.path) from None
            if isinstance(error, _NOT_THERE) or error.errno in BROKEN:
                return False
            raise

    def put_back(self, copy: Copy, there: Found, *, sop_instance_uid: str, sender: Actor, channel: str) -> bool:
        """Let the index name the copy in the place of the stored file; False when that is no longer current.

        What the index says of the instance stays, when it came and from whom too. Raises OSError where the copy can't
        be made durable.
        """
        self._files.sync(copy.path)
        self._files.sync_names([copy.path])
        digest = digest_of(Path(copy.path), copy.dataset_offset)
        with self._database.write() as session:
            row = session.scalar(select(InstanceRow).filter_by(file=there.file))
            if row is None:
                return False
            row.file, row.dataset_offset, row.size = copy.file, copy.dataset_offset, copy.size
            damage = self._well_again(session, row, there, copy, digest)
            resource = Resource(
                label=f"instance/{sop_instance_uid}", site_code=there.site_code, study_uid=there.study_uid
            )
            reason = f"stored file mended by {channel}: {damage}"
            entry = audit_entry(sender, Action.STUDY_STORE, resource, clock=self._clock, outcome="done", reason=reason)
            record(session, [entry])
        log.warning(
            "archive.instance_mended",
            sop_instance_uid=sop_instance_uid,
            study_uid=there.study_uid,
            site=there.site_code,
            file=copy.file,
            instead_of=there.file,
            damage=damage,
        )
        self._set_aside(there.file)
        return True

    def _well_again(self, session: Session, row: InstanceRow, there: Found, copy: Copy, digest: Digest) -> str:
        """Move what is known of the old file to the new one, which is well; returns what was wrong, in a word."""
        now = self._clock.now()
        known = session.get(InstanceDigestRow, there.file)
        there_still = self._files.path_of(there.file).exists()
        damage, digested_at = (Damage.CONTENT if there_still else Damage.GONE).value, None
        if known is not None:
            damage, digested_at = known.damage or damage, known.digested_at
            session.delete(known)
            session.flush()
        session.add(
            InstanceDigestRow(
                file=copy.file,
                instance_row=row.id,
                sha256=digest.sha256,
                size=digest.size,
                state=FileState.OK.value,
                damage=Damage.NONE.value,
                digested_at=digested_at or now,
                checked_at=now,
            )
        )
        return damage

    def _set_aside(self, file: str) -> None:
        """Keep what is left of the old file where nothing takes it for an image."""
        path = self._files.path_of(file)
        try:
            self._files.set_aside(path.rename(path.with_suffix(DAMAGED_SUFFIX)))
        except FileNotFoundError:
            pass
        except OSError as error:
            log.warning("archive.damaged_file_left", path=str(path), reason=str(error))


def _received(known: InstanceDigestRow, copy: Copy, *, same: bool) -> bool:
    """Whether the copy is what was received; that a data set is the same shows it where no digest was made."""
    if not known.sha256:
        return same
    return Digest(sha256=known.sha256, size=known.size) == digest_of(Path(copy.path), copy.dataset_offset)
