"""S1, an ordinary CT, on screen: three people in three browsers, from the list to 対応済."""

from __future__ import annotations

import datetime as dt
import io
import re

import pydicom
import pytest
from playwright.sync_api import Page, expect

from test_data.catalogue import DEMO_STUDIES
from test_data.generate import generate
from tests.support import scanner
from tests.support.browser import CHROMIUM, chromium, person, picture, sign_in
from tests.support.cases import case_of
from tests.support.hub_process import HubProcess
from tests.support.region import CLINIC_AE
from tests.support.waiting import until

SLOW = 30_000

FINDINGS = "右肺上葉に9 mm大の充実性結節を認める。胸水なし。"
IMPRESSION = "右肺上葉結節。前回より増大。"


def drag_changes_the_window(page: Page) -> None:
    """階調 by the mouse: the tools are loaded after the first picture, so the drag is tried until it works."""
    window = page.get_by_test_id("viewer-window")
    before = window.inner_text()
    box = page.get_by_test_id("viewer-canvas-ready").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def dragged() -> bool:
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 80, y + 40, steps=4)
        page.mouse.up()
        return window.inner_text() != before

    until(dragged, what="the drag to change the window")


@pytest.mark.S1
@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed; make test installs it")
def test_an_ordinary_ct_on_screen(hub: HubProcess) -> None:
    yamada = [study for study in DEMO_STUDIES if study.modality == "CT" and "山田" in str(study.patient.name)]
    anchor = dt.date(2026, 3, 27)
    for study in sorted(yamada, key=lambda study: -study.days_before_anchor):
        objects = [data for _, data in generate(study, anchor=anchor)]
        assert set(scanner.send(hub, objects, calling=CLINIC_AE)) == {0}
    study_uid = str(pydicom.dcmread(io.BytesIO(objects[0])).StudyInstanceUID)

    with hub.client("isha") as client:
        case_id = until(lambda: case_of(client, study_uid, "unread"), what="the case to be 未読")["id"]

    with chromium() as browser:
        doctor = person(browser, hub.url).new_page()
        reader = person(browser, hub.url).new_page()
        stranger = person(browser, hub.url).new_page()

        # The doctor finds the case 未読 in the clinic's list and adds 検査目的.
        sign_in(doctor, "isha")
        doctor.goto("/cases")
        row = doctor.locator(f'[data-testid="case-row"][data-case-id="{case_id}"]')
        expect(row).to_have_attribute("data-state", "unread", timeout=SLOW)
        picture(doctor, "s1-1-clinic-cases")
        doctor.goto(f"/cases/{case_id}")
        doctor.get_by_test_id("request-reason").fill("咳嗽、血痰")
        doctor.get_by_test_id("request-history").fill("喫煙 40年。前回CTで結節を指摘。")
        doctor.get_by_test_id("request-save").click()

        # The radiologist opens it from the worklist and sees the images beside the report editor.
        sign_in(reader, "dokuei1")
        reader.goto("/cases")
        row = reader.locator(f'[data-testid="case-row"][data-case-id="{case_id}"]')
        expect(row).to_contain_text("山田", timeout=SLOW)
        expect(row).to_contain_text("咳嗽、血痰", timeout=SLOW)
        picture(reader, "s1-2-worklist")
        row.click()
        expect(reader).to_have_url(re.compile(f"/cases/{case_id}"))
        reader.get_by_test_id("viewer-canvas-ready").wait_for(timeout=SLOW)
        expect(reader.get_by_test_id("viewer-slice")).to_contain_text("/", timeout=SLOW)
        picture(reader, "s1-3-viewer")
        drag_changes_the_window(reader)

        # Writes 所見 and 診断, signs.
        reader.get_by_test_id("report-findings").fill(FINDINGS)
        reader.get_by_test_id("report-impression").fill(IMPRESSION)
        expect(reader.get_by_test_id("report-save-state")).to_contain_text("保存済", timeout=SLOW)
        reader.get_by_test_id("report-sign").click()
        picture(reader, "s1-4-sign")
        reader.get_by_test_id("report-sign-confirm").click()
        reader.get_by_test_id("report-sign-confirm").wait_for(state="hidden", timeout=SLOW)
        picture(reader, "s1-5-signed")

        # The clinic sees the report, presses 確認した, then 対応済.
        doctor.goto("/reports")
        inbox = doctor.get_by_test_id("report-row").filter(has_text=IMPRESSION)
        inbox.wait_for(timeout=SLOW)
        picture(doctor, "s1-6-inbox")
        inbox.click()
        expect(doctor.get_by_text(IMPRESSION).first).to_be_visible(timeout=SLOW)
        doctor.get_by_test_id("report-acknowledge").click()
        doctor.get_by_test_id("report-act").wait_for(timeout=SLOW)
        picture(doctor, "s1-7-acknowledged")
        doctor.get_by_test_id("report-act-note").fill("3か月後CTを予約")
        doctor.get_by_test_id("report-act").click()
        doctor.get_by_test_id("report-act").wait_for(state="detached", timeout=SLOW)
        picture(doctor, "s1-8-acted-on")
        report_path = doctor.url.removeprefix(hub.url)

        # Somebody else's clinic sees none of it, by page or by address.
        sign_in(stranger, "yoso")
        for path in ("/cases", "/reports", f"/cases/{case_id}", report_path):
            stranger.goto(path)
            stranger.wait_for_load_state("networkidle")
            assert "山田" not in stranger.inner_text("body")
            assert IMPRESSION not in stranger.inner_text("body")
        expect(stranger.get_by_test_id("error-message")).to_be_visible(timeout=SLOW)
        picture(stranger, "s1-9-stranger")
