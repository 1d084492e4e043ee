"""Files that no row of the index names: what they hold, and the way back into the archive."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from access_control.model import Actor
from pacs_node.archive.files import FileStore
from pacs_node.archive.index import owner_of
from pacs_node.archive.sweep import unnamed_in
from pacs_node.errors import InstanceRefused
from pacs_node.header.scan import scan
from pacs_node.importer import Fate, ImportOutcome, import_paths
from pacs_node.ingest.part10 import read_header
from pacs_node.ingest.service import IngestService
from shared_kernel.database import Database

_SETTLED_SECONDS = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """A file without a row. UIDs are empty where it can't be read as DICOM."""

    path: Path
    size: int
    sop_instance_uid: str = ""
    study_uid: str = ""
    site_code: str = ""
    """Of the study, if the index knows it."""
    set_aside: bool = True
    """False for a file that lies in the archive still."""


def orphans(files: FileStore, database: Database, *, everywhere: bool = False) -> Iterator[Orphan]:
    """All files that are set aside; with `everywhere` also those that lie unnamed in an archive for an hour or more.

    A younger one may be on its way into the index just now.
    """
    for root in files.roots:
        for path in sorted(root.orphans.rglob("*")):
            if path.is_file():
                yield _orphan(path, database, set_aside=True)
        if not everywhere:
            continue
        for folder in sorted(root.archive.glob("[0-9]*/[0-9]*/[0-9]*/*")):
            for path in unnamed_in(root, database, folder):
                if path.stat().st_mtime < time.time() - _SETTLED_SECONDS:
                    yield _orphan(path, database, set_aside=False)


def take_back(found: Orphan, ingest: IngestService, operator: Actor) -> ImportOutcome:
    """Ingest the file as an import does; one that is stored then, or was already, is removed from where it lay."""
    [outcome] = import_paths([found.path], ingest, operator)
    if outcome.fate is not Fate.REFUSED:
        found.path.unlink()
    return outcome


def _orphan(path: Path, database: Database, *, set_aside: bool) -> Orphan:
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            meta = read_header(file)
            header = scan(file, meta.dataset_offset, meta.transfer_syntax_uid, meta.sop_class_uid)
    except InstanceRefused:
        return Orphan(path=path, size=size, set_aside=set_aside)
    with database.read() as session:
        site_code = owner_of(session, header.study_uid) or ""
    return Orphan(
        path=path,
        size=size,
        sop_instance_uid=header.sop_instance_uid,
        study_uid=header.study_uid,
        site_code=site_code,
        set_aside=set_aside,
    )
