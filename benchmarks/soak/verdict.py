"""After the traffic: is every acknowledged instance in the archive, byte for byte, and in the index; what has grown."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.sink import Received
from benchmarks.soak.ledger import Kept, Ledger
from benchmarks.soak.watch import Sample, growth
from benchmarks.targets import Hub

_CHUNK = 1 << 20
_PREFIX = 132
LARGEST_WAL = 64 * 2**20
LARGEST_GROWTH = 24 * 2**20


def archived(archive: Path) -> Iterator[tuple[str, str]]:
    """SOP Instance UID (by the file meta) and SHA-256 of the data set of every file in the archive folder."""
    for path in sorted(archive.rglob("*.dcm")):
        with path.open("rb") as file:
            head = file.read(4096)
            # The first element of group 0002 is its length (PS3.10 section 7.1).
            end = _PREFIX + 12 + struct.unpack_from("<I", head, _PREFIX + 8)[0]
            at = head.index(b"\x02\x00\x03\x00UI", _PREFIX, end)
            length = struct.unpack_from("<H", head, at + 6)[0]
            digest = hashlib.sha256()
            file.seek(end)
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        yield head[at + 8 : at + 8 + length].rstrip(b"\0").decode(), digest.hexdigest()


def lost(hub: Hub, ledger: Ledger) -> list[str]:
    """What is not as it was acknowledged, in words; empty when all is well."""
    kept = ledger.all()
    wanted = {each.identity.instance: each.made.digest(each.identity) for each in kept}
    there: dict[str, str] = {}
    wrong = []
    for uid, digest in archived(hub.data / "archive"):
        if uid in there:
            wrong.append(f"{uid} is in the archive twice")
        there[uid] = digest
    for uid, digest in wanted.items():
        if there.get(uid) != digest:
            wrong.append(f"{uid} was acknowledged and {'differs' if uid in there else 'has no file'}")
    wrong += [f"{uid} is in the archive and was never acknowledged" for uid in there.keys() - wanted.keys()]
    return wrong + list(_not_in_the_index(hub, kept))


def damaged(hub: Hub) -> list[str]:
    """What `dokuei archive verify` finds: the hub's own opinion of its files."""
    try:
        hub.command("archive", "verify")
    except RuntimeError as error:
        return [str(error)]
    return []


def moved(received: Received, ledger: Ledger) -> list[str]:
    """Which instances reached the C-MOVE destination otherwise than they were sent."""
    wanted = {each.identity.instance: each for each in ledger.all()}
    wrong = []
    for uid, digest in received.digests.items():
        each = wanted.get(uid)
        if each is None or each.made.digest(each.identity) != digest:
            wrong.append(f"{uid} was moved and differs")
    return wrong


def grown(samples: list[Sample]) -> list[str]:
    """What has grown that must not."""
    wrong = []
    if growth(samples) > LARGEST_GROWTH:
        wrong.append(f"resident memory rises: {growth(samples) / 2**20:.1f} MiB over the later two thirds")
    if (largest := max((each.wal for each in samples), default=0)) > LARGEST_WAL:
        wrong.append(f"the write-ahead log grew to {largest / 2**20:.0f} MiB")
    return wrong


def _not_in_the_index(hub: Hub, kept: Iterable[Kept]) -> Iterator[str]:
    studies: dict[tuple[str, str], set[str]] = {}
    for each in kept:
        studies.setdefault((each.identity.study, each.site), set()).add(each.identity.instance)
    for (study, site), wanted in studies.items():
        found = {each["00080018"]["Value"][0] for each in hub.query(f"/studies/{study}/instances?limit=5000", site)}
        if found != wanted:
            missing, extra = len(wanted - found), len(found - wanted)
            yield f"study {study}: {missing} instances are missing in the index, {extra} were never acknowledged"
