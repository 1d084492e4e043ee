"""Proves that an import takes what is DICOM, names why it leaves the rest, and touches no file."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from access_control.model import ActorKind
from pacs_node.importer import Fate, count_files, import_paths
from tests.pacs_node.conftest import Hub, peer
from tests.support.objects import ct

OPERATOR = replace(peer(), kind=ActorKind.OPERATOR, login="operator")


def test_files_and_folders_are_taken_and_the_rest_is_named(hub: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "cd" / "DICOM"
    folder.mkdir(parents=True)
    one, two = ct(), ct()
    (folder / "1").write_bytes(one.file)
    (folder / "2").write_bytes(two.file)
    (folder / "again").write_bytes(one.file)
    (folder / "notes.txt").write_text("no images here")
    os.mkfifo(folder / "pipe")
    missing = tmp_path / "nowhere"
    paths = [folder.parent, missing]
    outcomes = list(import_paths(paths, hub.ingest, OPERATOR))
    assert len(outcomes) == count_files(paths)
    assert [
        ("1", Fate.STORED, ""),
        ("2", Fate.STORED, ""),
        ("again", Fate.DUPLICATE, ""),
        ("notes.txt", Fate.REFUSED, "not_dicom"),
        ("pipe", Fate.REFUSED, "unreadable"),
        ("nowhere", Fate.REFUSED, "unreadable"),
    ] == [(outcome.path.name, outcome.fate, outcome.code) for outcome in outcomes]
    assert all(outcome.reason for outcome in outcomes if outcome.fate is Fate.REFUSED)
    assert (folder / "1").read_bytes() == one.file
    assert hub.catalogue.site_of(two.study) == "CLINIC"
    assert len(hub.files_on_disk()) == 2
