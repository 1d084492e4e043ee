"""Taking in files and folders from the hub's own disk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from access_control.model import Actor
from pacs_node.ingest.service import Incoming, IngestService, Stored
from shared_kernel.errors import DokueiError, Text

_CHUNK = 1 * 2**20


class Fate(StrEnum):
    """What became of a file."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    """It was in the archive before, byte for byte."""
    REFUSED = "refused"
    """Not taken; `code` and `reason` say why. Nothing of it was kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOutcome:
    """What became of one file."""

    path: Path
    fate: Fate
    stored: Stored | None = None
    code: str = ""
    """Of a refusal: an error's code such as `not_dicom`, or `unreadable`."""
    reason: Text | None = None
    details: str = ""


def count_files(paths: Iterable[Path]) -> int:
    """How many files `import_paths` will look at."""
    return sum(1 for _ in _files(paths))


def import_paths(paths: Iterable[Path], ingest: IngestService, actor: Actor) -> Iterator[ImportOutcome]:
    """Store every Part 10 file among the paths and below them; one outcome a file, as it happens.

    New studies become `actor.site_code`'s. The files themselves are only read. A file that can't be
    taken does not stop the rest; a full disk refuses each until there is space.
    """
    for path in _files(paths):
        yield _import_file(path, ingest, actor)


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """Files in a stable order; a path that does not exist counts, so that somebody hears of it."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for folder, folders, names in os.walk(path):
            folders.sort()
            yield from (Path(folder, name) for name in sorted(names))


def _import_file(path: Path, ingest: IngestService, actor: Actor) -> ImportOutcome:
    try:
        # A pipe or a device could be read for ever.
        if not path.is_file():
            raise FileNotFoundError(f"{path} is no file")
        with path.open("rb") as file, ingest.spool() as spool:
            while chunk := file.read(_CHUNK):
                spool.write(chunk)
            stored = ingest.store(Incoming(sender=actor, spool=spool, channel="import"))
    except DokueiError as refusal:
        details = ", ".join(f"{key}={value}" for key, value in refusal.details.items())
        return ImportOutcome(path=path, fate=Fate.REFUSED, code=refusal.code, reason=refusal.message, details=details)
    except OSError as error:
        reason = Text("ファイルを読み取れません。", "The file can't be read.")
        return ImportOutcome(path=path, fate=Fate.REFUSED, code="unreadable", reason=reason, details=str(error))
    return ImportOutcome(path=path, fate=Fate.DUPLICATE if stored.duplicate else Fate.STORED, stored=stored)
