"""S1, an ordinary CT, by API: from the scanner to 対応済; times, one audit chain, equal forms of the report."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import pydicom
import pypdf
import pytest
from httpx2 import Client

from shared_kernel.audit.trail import first_broken_link, of_study
from shared_kernel.clock import JST
from shared_kernel.database import Database
from test_data.small import small_ct_series
from tests.support import scanner
from tests.support.cases import case_of
from tests.support.hub_process import HubProcess
from tests.support.region import CLINIC_AE
from tests.support.waiting import until

FINDINGS = "右肺上葉に9 mm大の結節を認める。\n<b>胸水</b>なし。髙𠮷"
IMPRESSION = "右肺上葉結節。3か月後の経過観察を推奨。"


@pytest.mark.S1
def test_an_ordinary_ct(hub: HubProcess) -> None:
    with hub.client("isha") as doctor, hub.client("dokuei1") as reader, hub.client("yoso") as stranger:
        play(hub, doctor, reader, stranger)


def play(hub: HubProcess, doctor: Client, reader: Client, stranger: Client) -> None:
    objects = small_ct_series(seed=101, slices=4)
    study_uid = str(pydicom.dcmread(io.BytesIO(objects[0])).StudyInstanceUID)

    # The scanner sends; the case is 未読 at the right clinic, due on the 翌診療日.
    assert scanner.send(hub, objects, calling=CLINIC_AE) == [0, 0, 0, 0]
    case = until(lambda: case_of(reader, study_uid, "unread"), what="the case to be 未読")
    assert (case["site"]["code"], case["instance_count"]) == ("MINATO", 4)
    arrived = datetime.fromisoformat(case["arrived_at"])
    assert case["due_date"] > arrived.astimezone(JST).date().isoformat()
    url = f"/api/cases/{case['id']}"

    # The clinic's doctor adds 検査目的; the reader sees it.
    change = {"reason": "咳嗽、血痰", "clinical_history": "喫煙 40年", "version": case["request_version"]}
    assert doctor.put(f"{url}/request", json=change).status_code == 200
    assert reader.get(url).json()["reason"] == "咳嗽、血痰"

    # The reader opens, sees the images, writes, signs.
    assert reader.post(f"{url}/claim").json()["state"] == "reading"
    metadata = reader.get(f"/dicomweb/studies/{study_uid}/metadata").json()
    assert len(metadata) == 4
    draft = {"findings": FINDINGS, "impression": IMPRESSION, "revision": 0}
    saved = reader.put(f"{url}/report/draft", json=draft).json()
    assert saved["state"] == "draft"
    assert doctor.get(f"{url}/report").status_code == 404  # a draft is not the clinic's yet
    signed = reader.post(f"{url}/report/sign", json={"revision": saved["revision"]}).json()
    assert (signed["state"], signed["version"]) == ("final", 1)
    until(lambda: case_of(reader, study_uid, "read"), what="the case to be 読影済")

    # The clinic gets the report, presses 確認した, then 対応済.
    def in_the_inbox() -> Any:
        reports = doctor.get("/api/reports", params={"state": "delivered"}).json()["reports"]
        return next((report for report in reports if report["id"] == signed["id"]), None)

    until(in_the_inbox, what="the report at the clinic")
    report = f"/api/reports/{signed['id']}"
    early = doctor.post(f"{report}/act", json={"note": ""})
    assert (early.status_code, early.json()["error"]["code"]) == (409, "not_acknowledged")
    opened = doctor.get(report).json()
    assert (opened["findings"], opened["impression"]) == (FINDINGS, IMPRESSION)
    assert doctor.post(f"{report}/acknowledge").json()["delivery"]["state"] == "acknowledged"
    done = doctor.post(f"{report}/act", json={"note": "3か月後CTを予約"}).json()
    assert done["delivery"]["state"] == "acted_on"
    times = [done["delivery"][name] for name in ("delivered_at", "opened_at", "acknowledged_at", "acted_on_at")]
    assert times == sorted(times)

    # FHIR and PDF agree with what was signed, and show times in JST.
    fhir = doctor.get(f"/fhir/DiagnosticReport/{signed['id']}").json()
    assert (fhir["status"], fhir["conclusion"]) == ("final", IMPRESSION)
    signed_at = datetime.fromisoformat(done["signed_at"])
    issued = datetime.fromisoformat(fhir["issued"])
    assert issued == signed_at.replace(microsecond=signed_at.microsecond // 1000 * 1000)
    pdf = doctor.get(f"{report}/pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf.content)).pages)
    told = "".join(text.split())
    assert "右肺上葉結節" in told
    assert "<b>胸水</b>なし。髙𠮷" in told
    assert f"{signed_at.astimezone(JST):%H:%M}" in told

    # Somebody else's clinic sees none of it, by list or by address.
    assert stranger.get("/api/cases").json()["total"] == 0
    assert stranger.get("/api/reports").json()["total"] == 0
    assert stranger.get("/dicomweb/studies", params={"StudyInstanceUID": study_uid}).json() == []
    for path in (url, report, f"{report}/pdf", f"/fhir/DiagnosticReport/{signed['id']}", f"{url}/report",
                 f"/dicomweb/studies/{study_uid}/metadata", f"/dicomweb/studies/{study_uid}/series"):  # fmt: skip
        assert stranger.get(path).status_code == 404, path

    # One audit chain tells the whole story.
    database = Database.in_folder(hub.data)
    with database.read() as session:
        story = [(entry.actor, entry.action, entry.outcome) for entry in of_study(session, study_uid)]
        assert first_broken_link(session) is None
    database.close()
    deeds = [f"{actor} {action}" for actor, action, outcome in story if outcome == "done"]
    expected = [
        f"ae:{CLINIC_AE} study.store",
        "isha case.request",
        "dokuei1 case.claim",
        "dokuei1 report.write",
        "isha report.acknowledge",
    ]
    assert [deed for deed in dict.fromkeys(deeds) if deed in expected] == expected
    assert ("yoso", "study.view", "denied") in story
