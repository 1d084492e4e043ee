"""患者の確認 on screen: the clinic compares both sides, decides with a reason, and takes it back."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support import scanner
from tests.support.browser import CHROMIUM, chromium, person, picture, sign_in
from tests.support.cases import case_of
from tests.support.hub_process import HubProcess
from tests.support.objects import ct
from tests.support.region import CLINIC_AE
from tests.support.waiting import until

SLOW = 30_000


@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed; make test installs it")
def test_a_technologist_decides_and_takes_back(hub: HubProcess) -> None:
    known = ct(PatientID="Q-1")
    stranger = ct(PatientID="Q-1", PatientName="Sato^Jiro=佐藤^次郎", PatientBirthDate="19800505")
    for image in (known, stranger):
        assert scanner.send(hub, [image.file], calling=CLINIC_AE) == [0]
    with hub.client("gishi") as client:
        until(lambda: case_of(client, stranger.study, "unread"), what="the case to be 未読")

    with chromium() as browser:
        page = person(browser, hub.url).new_page()
        sign_in(page, "gishi")
        page.get_by_role("link", name="患者の確認").click()
        card = page.locator(f"[data-testid=patient-question][data-study='{stranger.study}']")
        expect(card).to_contain_text("同じ患者IDの登録と違います", timeout=SLOW)
        expect(card.locator("tr.differs")).to_have_count(3)
        expect(card.locator("tr.differs").first).to_contain_text("佐藤 次郎")
        picture(page, "patients-open")

        card.get_by_test_id("patient-match_known").click()
        expect(page.get_by_test_id("patient-send")).to_be_disabled()
        page.get_by_test_id("patient-reason").fill("カルテと保険証で確認")
        picture(page, "patients-deciding")
        page.get_by_test_id("patient-send").click()
        expect(card).to_have_count(0, timeout=SLOW)

        page.get_by_test_id("patients-tab-resolved").click()
        expect(card).to_contain_text("カルテと保険証で確認", timeout=SLOW)
        picture(page, "patients-resolved")
        card.get_by_test_id("patient-undo").click()
        page.get_by_test_id("patient-reason").fill("取り違え")
        page.get_by_test_id("patient-send").click()
        expect(card).to_have_count(0, timeout=SLOW)

        page.get_by_test_id("patients-tab-open").click()
        card.get_by_test_id("patient-correct").click()
        page.get_by_test_id("patients.patient_id").fill("Q-2")
        page.get_by_test_id("patients.ideographic").fill("佐藤 次朗")
        page.get_by_test_id("patient-reason").fill("患者IDの打ち間違い")
        picture(page, "patients-correcting")
        page.get_by_test_id("patient-send").click()
        expect(card).to_have_count(0, timeout=SLOW)

    with hub.client("gishi") as client:
        corrected = until(
            lambda: (found := case_of(client, stranger.study, "unread")) and not found["identity_conflict"] and found,
            what="the case to follow",
        )
    assert ("Q-2", "佐藤 次朗") == (corrected["patient"]["id"], corrected["patient"]["name"]["ideographic"])


@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed; make test installs it")
def test_a_technologist_compares_two_patients_merges_them_and_takes_it_back(hub: HubProcess) -> None:
    one = ct(PatientID="M-1", PatientName="Kato^Sachiko=加藤^幸子", PatientBirthDate="19720304")
    other = ct(PatientID="M-2", PatientName="Kato^Sachiko=加藤^幸子", PatientBirthDate="19720403")
    for image in (one, other):
        assert scanner.send(hub, [image.file], calling=CLINIC_AE) == [0]

    with chromium() as browser:
        page = person(browser, hub.url).new_page()
        sign_in(page, "gishi")
        page.get_by_role("link", name="患者の確認").click()
        page.get_by_test_id("patients-tab-merge").click()
        page.get_by_test_id("merge-query").fill("加藤")
        page.get_by_test_id("merge-search").click()
        found = page.get_by_test_id("merge-found")
        expect(found).to_have_count(2, timeout=SLOW)
        for patient_id in ("M-1", "M-2"):
            found.filter(has_text=patient_id).get_by_test_id("merge-choose").click()
        compared = page.get_by_test_id("merge-compared")
        expect(compared.locator("tr.differs")).to_contain_text("1972-04-03")
        picture(page, "patients-merge")

        page.get_by_test_id("merge-begin").click()
        expect(page.get_by_test_id("merge-send")).to_be_disabled()
        page.get_by_test_id("merge-reason").fill("転居前の患者ID。本人に確認")
        picture(page, "patients-merging")
        page.get_by_test_id("merge-send").click()
        expect(found.filter(has_text="統合済")).to_have_count(2, timeout=SLOW)
        expect(compared).to_contain_text("転居前の患者ID。本人に確認")
        expect(page.get_by_test_id("merge-begin")).to_have_count(0)
        picture(page, "patients-merged")

        page.get_by_test_id("merge-undo").click()
        page.get_by_test_id("merge-reason").fill("同姓同名の別人")
        page.get_by_test_id("merge-send").click()
        expect(found.filter(has_text="統合済")).to_have_count(0, timeout=SLOW)
        expect(compared).to_contain_text("統合の取消", timeout=SLOW)
