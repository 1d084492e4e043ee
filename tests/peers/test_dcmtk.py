"""Proves that dcmtk's programs send to the running hub, search it, and fetch from it, every byte kept."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from pydicom import dcmread

from benchmarks.sink import sink
from benchmarks.targets import Hub
from test_data.small import small_ct_series
from tests.peers.conftest import SITE
from tests.peers.support import digest, in_the_archive, uid_of
from tests.support.shared_files import FOLDER, needs_shared_files

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(
        shutil.which("findscu") is None, reason="Debian's dcmtk is not installed; make test installs it"
    ),
]
_CALLING = "MODALITY"


def run(program: str, hub: Hub, *words: str | Path, calling: str = _CALLING) -> subprocess.CompletedProcess[str]:
    """A program of Debian's dcmtk, not the one of the same name that pynetdicom installs; it must succeed."""
    host, port = hub.node.address
    about = ["-aet", calling, "-aec", hub.node.called, host, str(port)]
    done = subprocess.run(
        [str(Path("/usr/bin") / program), *words[: words.index("--")], *about, *words[words.index("--") + 1 :]],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


def stored(hub: Hub, folder: Path, files: list[bytes]) -> str:
    """Have storescu send these files; returns the StudyInstanceUID of the first."""
    folder.mkdir()
    for number, file in enumerate(files):
        (folder / f"{number}.dcm").write_bytes(file)
    run("storescu", hub, "-R", "--", "+sd", folder)
    return str(dcmread(folder / "0.dcm", stop_before_pixels=True).StudyInstanceUID)


def answers(folder: Path) -> list[Path]:
    """What findscu has extracted."""
    return sorted(folder.glob("rsp*.dcm"))


def test_storescu_and_findscu(hub: Hub, folder: Path) -> None:
    files = small_ct_series(seed=3101, slices=4)
    study = stored(hub, folder / "sent", files)
    there = in_the_archive(hub)
    assert {uid_of(file): digest(file) for file in files} == {uid_of(file): there.get(uid_of(file)) for file in files}

    for level, keys, found in (
        (
            "STUDY",
            [f"StudyInstanceUID={study}", "PatientName", "ModalitiesInStudy", "NumberOfStudyRelatedInstances"],
            1,
        ),
        ("SERIES", [f"StudyInstanceUID={study}", "SeriesInstanceUID", "Modality"], 1),
        ("STUDY", ["AccessionNumber=T0003101", "PatientID", "StudyInstanceUID"], 1),
        ("STUDY", ["AccessionNumber=NOBODY", "StudyInstanceUID"], 0),
    ):
        out = folder / "-".join([level, *keys])[:40]
        out.mkdir()
        words = [word for key in (f"QueryRetrieveLevel={level}", *keys) for word in ("-k", key)]
        run("findscu", hub, "-S", "-X", "-od", out, *words, "--")
        assert found == len(answers(out)), (level, keys)
        for answer in answers(out):
            ds = dcmread(answer, force=True)
            assert level == ds.QueryRetrieveLevel
            assert study == ds.StudyInstanceUID
            if "NumberOfStudyRelatedInstances" in keys:
                assert ("CT", 4) == (ds.ModalitiesInStudy, ds.NumberOfStudyRelatedInstances)


@needs_shared_files
def test_a_real_series_is_sent_by_storescu(hub: Hub, folder: Path) -> None:
    files = [path.read_bytes() for path in sorted((FOLDER / "series" / "ct_head_ge_tilt").glob("*.dcm"))]
    stored(hub, folder / "sent", files)
    there = in_the_archive(hub)
    assert {uid_of(file): digest(file) for file in files} == {uid_of(file): there.get(uid_of(file)) for file in files}


def test_getscu_fetches_a_study(hub: Hub, folder: Path) -> None:
    files = small_ct_series(seed=3102, slices=5)
    study = stored(hub, folder / "sent", files)
    (folder / "fetched").mkdir()
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study}"]
    run("getscu", hub, "-S", "-od", folder / "fetched", *keys, "--")
    fetched = [path.read_bytes() for path in (folder / "fetched").iterdir()]
    assert {uid_of(file): digest(file) for file in files} == {uid_of(file): digest(file) for file in fetched}


def test_movescu_has_a_series_sent_to_a_storescp(hub: Hub, folder: Path) -> None:
    files = small_ct_series(seed=3103, slices=5)
    study = stored(hub, folder / "sent", files)
    series = str(dcmread(folder / "sent" / "0.dcm", stop_before_pixels=True).SeriesInstanceUID)
    keys = ["-k", "QueryRetrieveLevel=SERIES", "-k", f"StudyInstanceUID={study}", "-k", f"SeriesInstanceUID={series}"]
    with sink("MOVED_TO", digests=True) as receiver:
        host, port = receiver.address
        hub.command("peer", "add", receiver.ae_title, "--site", SITE, "--address", f"{host}:{port}")
        run("movescu", hub, "-S", "-aem", receiver.ae_title, *keys, "--")
        assert {uid_of(file): digest(file) for file in files} == receiver.received().digests
