"""`dokuei demo`: the fictional region is there when it is ready, and still there, once, at the second start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dokuei.demo import region
from test_data.catalogue import DEMO_STUDIES
from test_data.generate import instance_count
from tests.support.hub_process import ROOT, HubProcess, command, told
from tests.support.waiting import until

# The pictures are drawn anew for every demo, which takes its time on a busy machine.
SECONDS = 240


def totals(running: HubProcess) -> dict[str, tuple[int, int]]:
    found = {}
    for login in ("chuo-dokuei", "kita-dokuei", "minato-isha", "shiomi-isha"):
        with running.client(login) as client:
            page = client.get("/api/cases", params={"limit": 200}).json()
            found[login] = (page["total"], sum(case["instance_count"] for case in page["cases"]))
    return found


def test_the_demo_is_played_once_and_found_again(tmp_path: Path) -> None:
    first = HubProcess(tmp_path / "data", words=("demo",)).start(SECONDS)
    said = "".join(first.lines)
    for person in region.PEOPLE:
        assert person.login in said
    assert region.PASSWORD in said

    by_clinic = {
        code: [study for study in DEMO_STUDIES if study.site_code == code] for code in ("MINATO", "YAMANE", "SHIOMI")
    }
    images = {code: sum(instance_count(study) for study in studies) for code, studies in by_clinic.items()}
    expected = {
        "chuo-dokuei": (len(by_clinic["MINATO"]) + len(by_clinic["YAMANE"]), images["MINATO"] + images["YAMANE"]),
        "kita-dokuei": (len(by_clinic["SHIOMI"]), images["SHIOMI"]),
        "minato-isha": (len(by_clinic["MINATO"]), images["MINATO"]),
        "shiomi-isha": (len(by_clinic["SHIOMI"]), images["SHIOMI"]),
    }
    assert totals(first) == expected
    with first.client() as client:
        answer = client.post("/api/session", json={"login": "minato-isha", "password": region.PASSWORD})
        assert answer.json()["demo"] is True
        inbox = client.get("/api/reports", headers={"Cookie": answer.headers["set-cookie"].split(";")[0]}).json()
        assert inbox["counts"] == {"delivered": 1, "acknowledged": 0, "acted_on": 1}
    assert first.stop() == 0

    second = HubProcess(first.data, words=("demo",)).start()
    assert totals(second) == expected
    assert second.stop() == 0


def test_a_real_region_is_left_alone(tmp_path: Path) -> None:
    told(tmp_path, "site", "add", "MINATO", "みなと診療所", "--ae-title", "MINATO_CT")
    failed = command(tmp_path, "demo", "--http", "127.0.0.1:0", "--dicom", "127.0.0.1:0")
    assert failed.returncode == 1
    assert "holds a real region" in failed.stderr
    with_token = command(tmp_path, "token", "issue", "kanri")
    assert "No person has this log-in name" in with_token.stderr


@pytest.mark.parametrize("after", ["the start", "the first image"])
def test_an_interrupted_demo_ends_cleanly_and_goes_on_next_time(tmp_path: Path, after: str) -> None:
    environ = os.environ | {"DOKUEI_DATA": str(tmp_path / "data")}
    begun = subprocess.Popen(
        [sys.executable, "-m", "dokuei", "demo", "--http", "127.0.0.1:0", "--dicom", "127.0.0.1:0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environ,
    )
    until((tmp_path / "data" / "archive").exists, seconds=60, what="the server to take in images")
    if after == "the first image":
        until(lambda: list((tmp_path / "data" / "archive").rglob("*.dcm")), seconds=60, what="the first image")
    begun.send_signal(signal.SIGINT)
    _, errors = begun.communicate(timeout=60)
    assert begun.returncode == 0, errors
    assert "could not be played" not in errors
    assert "Traceback" not in errors
