"""What the tests of independent peers look at: data sets by digest, whatever header stands before them."""

from __future__ import annotations

import hashlib
import io

from pydicom import dcmread

from benchmarks.soak.verdict import archived
from benchmarks.targets import Hub
from tests.support.objects import data_set_of


def digest(file: bytes) -> str:
    """SHA-256 of the data set of a Part 10 file."""
    return hashlib.sha256(data_set_of(file)).hexdigest()


def uid_of(file: bytes) -> str:
    """SOPInstanceUID."""
    return str(dcmread(io.BytesIO(file), stop_before_pixels=True).SOPInstanceUID)


def in_the_archive(hub: Hub) -> dict[str, str]:
    """Digests of what the hub has stored, by SOP Instance UID."""
    return dict(archived(hub.data / "archive"))
