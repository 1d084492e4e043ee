"""Images that come, or are replaced, while a report is written: they are shown, and stop the signature once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from shared_kernel.ids import new_uid
from tests.support import region, scanner
from tests.support.browser import CHROMIUM, chromium, person, picture, sign_in
from tests.support.cases import case_of
from tests.support.hub_process import HubProcess, told
from tests.support.objects import ct
from tests.support.region import CLINIC_AE
from tests.support.waiting import until

SLOW = 30_000


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[HubProcess]:
    """A hub of its own, whose clinic's scanner may send new versions of images."""
    running = HubProcess(tmp_path / "data").start()
    region.register(running.data)
    told(running.data, "peer", "set", CLINIC_AE, "--on-different-content", "new-version")
    yield running
    running.stop()


def sign(page: Page) -> None:
    page.get_by_test_id("report-sign").click()
    page.get_by_test_id("report-sign-confirm").click()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed; make test installs it")
def test_late_and_replaced_images_stop_a_signature_once(clinic: HubProcess) -> None:
    same = {"StudyInstanceUID": new_uid(), "SeriesInstanceUID": new_uid()}
    first = ct(**same)
    late = ct(**same, InstanceNumber=2)
    newer = ct(**same, InstanceNumber=2, SOPInstanceUID=late.sop_instance, pixels=b"\x10\x01" * 256)
    assert scanner.send(clinic, [first.file], calling=CLINIC_AE) == [0]
    with clinic.client("isha") as client:
        case_id = until(lambda: case_of(client, first.study, "unread"), what="the case to be 未読")["id"]

    with chromium() as browser, clinic.client("dokuei1") as client:
        reader = person(browser, clinic.url).new_page()
        sign_in(reader, "dokuei1")
        reader.goto(f"/cases/{case_id}")
        reader.get_by_test_id("viewer-canvas-ready").wait_for(timeout=SLOW)
        reader.get_by_test_id("report-findings").fill("脳実質に異常を認めない。")
        expect(reader.get_by_test_id("report-save-state")).to_contain_text("保存済", timeout=SLOW)

        def detail(keyword: str) -> int:
            return int(client.get(f"/api/cases/{case_id}").json()[keyword])

        assert scanner.send(clinic, [late.file], calling=CLINIC_AE) == [0]
        until(lambda: detail("instance_count") == 2, what="the case to grow")
        sign(reader)
        expect(reader.locator('[data-testid="error-message"][data-code="study_grew"]')).to_be_visible(timeout=SLOW)
        expect(reader.get_by_test_id("report-signed")).to_have_count(0)
        picture(reader, "late-1-study-grew")
        reader.get_by_test_id("viewer-grown").click(timeout=SLOW)
        expect(reader.get_by_test_id("viewer-slice")).to_contain_text("/ 2", timeout=SLOW)

        # 画像差替えあり comes on the screen by itself, and the signature goes on with it there.
        expect(reader.get_by_test_id("case-replaced")).to_have_count(0)
        assert scanner.send(clinic, [newer.file], calling=CLINIC_AE) == [0]
        until(lambda: detail("images_replaced") == 1, what="the image to be replaced")
        banner = reader.get_by_test_id("case-replaced")
        expect(banner).to_contain_text("画像差替えあり (1)", timeout=SLOW)
        expect(banner).to_contain_text("新しい画像を確認してください")
        expect(reader.get_by_test_id("report-findings")).to_have_value("脳実質に異常を認めない。")
        picture(reader, "late-2-replaced")
        sign(reader)
        expect(reader.get_by_test_id("report-signed")).to_be_visible(timeout=SLOW)
        expect(banner).to_contain_text("確定後に差し替えられた", timeout=SLOW)
        reader.goto("/cases")
        reader.get_by_test_id("state-tab-read").click()
        row = reader.locator(f'[data-testid="case-row"][data-case-id="{case_id}"]')
        expect(row.get_by_test_id("case-replaced")).to_have_text("画像差替えあり", timeout=SLOW)
        picture(reader, "late-3-list")
