"""Whether every storage root is there, before anything is written."""

from __future__ import annotations

from pathlib import Path

import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pacs_node.archive.files import FileStore
from pacs_node.archive.roots import SEPARATOR, read_marker, write_marker
from pacs_node.archive.tables import InstanceRow, InstanceVersionRow
from pacs_node.archive_care.tables import StorageRootRow
from pacs_node.errors import RootAway
from shared_kernel.clock import Clock
from shared_kernel.database import Database
from shared_kernel.ids import new_id

_FOUND_ON_NEW_DISKS = {"lost+found"}
_AFTER_SEPARATOR = chr(ord(SEPARATOR) + 1)

log = structlog.get_logger(__name__)


def mount(files: FileStore, database: Database, clock: Clock) -> None:
    """Make empty folders that are named for the first time roots, and see that every other root is there.

    A root that is named no longer and holds nothing is forgotten: its path may be another disk's from then on.
    Raises RootAway when a root that was used is not mounted or named no longer, when a folder holds
    something else, or when two folders hold the same root.
    """
    with database.read() as session:
        known = {row.id: row.path for row in session.scalars(select(StorageRootRow))}
    if not files.root_paths and not known:
        return
    found: dict[str, Path] = {}
    for path in files.root_paths:
        root_id = read_marker(path) or _made_root(path, files, _at(path, known, database))
        if root_id in found:
            raise RootAway(root=root_id, path=path, reason=f"{found[root_id]} holds the same root")
        found[root_id] = path
    if unnamed := known.keys() - found.keys():
        with database.write() as session:
            for root_id in unnamed:
                if _has_files(session, root_id):
                    reason = "it holds images, and storage_roots misses it"
                    raise RootAway(root=root_id, path=known[root_id], reason=reason)
                session.execute(delete(StorageRootRow).filter_by(id=root_id))
        log.info("archive.roots_forgotten", roots={root_id: known[root_id] for root_id in unnamed})
    changed = {root_id: path for root_id, path in found.items() if known.get(root_id) != str(path)}
    if changed:
        with database.write() as session:
            for root_id, path in changed.items():
                session.merge(StorageRootRow(id=root_id, path=str(path), added_at=clock.now()))
        log.info("archive.roots", roots={root_id: str(path) for root_id, path in changed.items()})
    files.find_roots()


def _at(path: Path, known: dict[str, str], database: Database) -> bool | None:
    """Whether a root that was at this path holds images; None: none was there."""
    earlier = [root_id for root_id, place in known.items() if place == str(path)]
    if not earlier:
        return None
    with database.read() as session:
        return any(_has_files(session, root_id) for root_id in earlier)


def _made_root(path: Path, files: FileStore, holds_images: bool | None) -> str:
    # A root that nothing has come to yet may be unmounted, too: only another disk in its place is beyond doubt.
    if holds_images or (holds_images is not None and not path.is_mount()):
        raise RootAway(path=path, reason="the disk is not mounted")
    try:
        inside = {found.name for found in path.iterdir()} - _FOUND_ON_NEW_DISKS
    except OSError as error:
        raise RootAway(path=path, reason=error.strerror) from error
    if inside:
        raise RootAway(path=path, reason="the folder is not empty, and no storage root")
    if path.stat().st_dev == files.archive.parent.stat().st_dev:
        log.warning("archive.root_on_same_disk", path=str(path))
    root_id = new_id()
    write_marker(path, root_id)
    return root_id


def _has_files(session: Session, root_id: str) -> bool:
    low, high = root_id + SEPARATOR, root_id + _AFTER_SEPARATOR
    return any(
        session.scalar(select(row.id).where(row.file >= low, row.file < high).limit(1)) is not None
        for row in (InstanceRow, InstanceVersionRow)
    )
