"""`dokuei demo`: the fictional region is there when it is ready, and still there, once, at the second start."""

from __future__ import annotations

from pathlib import Path

from dokuei.demo import region
from test_data.catalogue import DEMO_STUDIES
from test_data.generate import instance_count
from tests.support.hub_process import HubProcess

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
