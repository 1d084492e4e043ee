"""Proves that dcmtk's programs, which share no code with the node, can verify and send."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.pacs_node.conftest import Hub
from tests.support.objects import ct

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(shutil.which("storescu") is None, reason="dcmtk (storescu, echoscu) is not installed"),
]


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def test_echoscu(address: tuple[str, int]) -> None:
    host, port = address[0], str(address[1])
    assert _run("echoscu", "-aet", "CLINIC_CT", "-aec", "DOKUEI", host, port).returncode == 0
    refused = _run("echoscu", "-aet", "STRANGER", "-aec", "DOKUEI", host, port)
    assert refused.returncode != 0
    assert "Calling AE Title Not Recognized" in refused.stderr


def test_storescu(hub: Hub, address: tuple[str, int], tmp_path: Path) -> None:
    study = ct().study
    images = [ct(StudyInstanceUID=study, InstanceNumber=number) for number in range(1, 6)]
    for number, image in enumerate(images):
        (tmp_path / f"{number}.img").write_bytes(image.file)
    words = ["storescu", "-aet", "CLINIC_CT", "-aec", "DOKUEI", address[0], str(address[1])]
    done = _run(*words, *(str(path) for path in sorted(tmp_path.glob("*.img"))))
    assert (done.returncode, done.stderr) == (0, "")
    records = hub.catalogue.instances(study)
    assert [image.data_set for image in images] == [
        record.path.read_bytes()[record.dataset_offset :] for record in records
    ]
