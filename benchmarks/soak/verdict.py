"""After the traffic: is every acknowledged instance in the archive, byte for byte, and in the index; what has grown."""

from __future__ import annotations

import hashlib
import json
import struct
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks.sink import Received
from benchmarks.soak.ledger import Examined, Kept, Ledger
from benchmarks.soak.watch import Sample, later, slope
from benchmarks.targets import Hub

_CHUNK = 1 << 20
_PREFIX = 132
_MIB = 2**20
LARGEST_WAL = 64 * _MIB
# At some 2,500 instances a minute this finds what keeps half a kilobyte of each.
LARGEST_SLOPE = 1.0 * _MIB
"""Bytes a minute by which resident memory may rise over the later half of the time."""
SHORTEST = 120.0
"""Seconds that the later half must have: over less, what a busy moment takes looks like a rise."""


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
    """Which instances reached a C-MOVE destination, or whoever asked by C-GET, otherwise than they were sent."""
    wanted = {each.identity.instance: each for each in ledger.all()}
    wrong = []
    for uid, digest in received.digests.items():
        each = wanted.get(uid)
        if each is None or each.made.digest(each.identity) != digest:
            wrong.append(f"{uid} was retrieved and differs")
    return wrong


def unfinished(hub: Hub, ledger: Ledger, *, seconds: float = 120) -> list[str]:
    """Which complete examinations the hub does not show to their clinic as done, with all the images that MPPS named.

    MPPS and images reach the reading request by events, so it has so many seconds until it must say so.
    """
    end = time.monotonic() + seconds
    examined = ledger.examined()
    while True:
        told = {each: _told_of(hub, each) for each in examined}
        examined = [each for each in examined if told[each] != ("done", "COMPLETED", each.images, each.images)]
        if not examined or time.monotonic() > end:
            break
        time.sleep(1)
    return [f"request {each.request_id}: {each.images} images were sent and named, told is {told[each]}"
            for each in examined]  # fmt: skip


def grown(samples: Sequence[Sample]) -> list[str]:
    """What has grown that must not."""
    wrong = risen(samples)
    if (largest := max((each.wal for each in samples), default=0)) > LARGEST_WAL:
        wrong.append(f"the write-ahead log grew to {largest / 2**20:.0f} MiB")
    return wrong


def risen(samples: Sequence[Sample]) -> list[str]:
    """Whether resident memory is not flat; it is said, too, when nobody can know."""
    if (seconds := judged(samples)) < SHORTEST:
        return [f"the later {seconds:.0f} s are too short to say whether memory rises: {SHORTEST:.0f} s are wanted"]
    rise = slope(later(samples))
    return (
        [f"resident memory rises by {rise / _MIB:.2f} MiB a minute over the later half"] if rise > LARGEST_SLOPE else []
    )


def judged(samples: Sequence[Sample]) -> float:
    """Seconds over which memory is judged."""
    half = later(samples)
    return half[-1].at - half[0].at if half else 0.0


def _told_of(hub: Hub, examined: Examined) -> tuple[object, ...]:
    headers = {"Authorization": f"Bearer {hub.tokens[examined.site]}"}
    status, body = hub.get(f"/api/requests/{examined.request_id}", headers)
    if status != 200:
        return (status, body[:200])
    said = json.loads(body)
    return tuple(said[key] for key in ("state", "performed", "instance_count", "expected_count"))


def _not_in_the_index(hub: Hub, kept: Iterable[Kept]) -> Iterator[str]:
    studies: dict[tuple[str, str], set[str]] = {}
    for each in kept:
        studies.setdefault((each.identity.study, each.site), set()).add(each.identity.instance)
    for (study, site), wanted in studies.items():
        found = {each["00080018"]["Value"][0] for each in hub.query(f"/studies/{study}/instances?limit=5000", site)}
        if found != wanted:
            missing, extra = len(wanted - found), len(found - wanted)
            yield f"study {study}: {missing} instances are missing in the index, {extra} were never acknowledged"
