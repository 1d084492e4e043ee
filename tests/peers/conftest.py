"""The hub and Orthanc as each other's peers, shared by a worker's tests; both are processes of their own.

Orthanc is optional: where it is not installed (Debian package `orthanc`), what needs it is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.targets import ORTHANC, Hub, Orthanc, Site

SERVICES = "store,find,move,get,commitment,worklist,mpps"
SITE = "PEERS"


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """`dokuei serve`; BENCH is a peer of the site BENCH, MODALITY one of PEERS, whose doctor may read."""
    with Hub(tmp_path_factory.mktemp("peers") / "hub", environ={"DOKUEI_QUIET_PERIOD": "1"}) as running:
        running.add_sites(Site(SITE, ["MODALITY"], SERVICES))
        yield running


@pytest.fixture(scope="session")
def orthanc(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """Orthanc, which knows the hub as `hub` and is known there as a peer of PEERS."""
    if ORTHANC is None:
        pytest.skip("Orthanc is not installed (Debian package orthanc); it is optional")
    modalities = {"hub": (hub.node.called, hub.node.address)}
    with Orthanc(tmp_path_factory.mktemp("peers") / "orthanc", modalities=modalities) as running:
        host, port = running.node.address
        words = ["--site", SITE, "--address", f"{host}:{port}", "--services", SERVICES]
        hub.command("peer", "add", "ORTHANC", *words)
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """For files that programs read or write."""
    return tmp_path
