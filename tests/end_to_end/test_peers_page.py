"""接続機器 on screen: an administrator registers who has knocked, tries it, and sees what is wrong and who did what."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from pynetdicom import AE
from pynetdicom.sop_class import Verification

from tests.support import requesting
from tests.support.browser import CHROMIUM, chromium, person, picture, sign_in
from tests.support.hub_process import HubProcess
from tests.support.region import CLINIC_AE

SLOW = 30_000
STRANGER = "MINATO_MR"


def knock(hub: HubProcess, calling: str) -> bool:
    """Ask for an association; whether it was let in."""
    ae = AE(ae_title=calling)
    ae.add_requested_context(Verification)
    association = requesting.associate(ae, *hub.dicom, ae_title=hub.ae_title)
    let_in = association.is_established
    if let_in:
        association.release()
    return let_in


def save(page: Page) -> None:
    page.get_by_test_id("peer-save").click()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed; make test installs it")
def test_an_administrator_and_a_new_scanner(hub: HubProcess) -> None:
    assert knock(hub, CLINIC_AE)
    assert not knock(hub, STRANGER)

    with chromium() as browser:
        page = person(browser, hub.url, width=1280, height=900).new_page()
        sign_in(page, "kanri")
        expect(page).to_have_url(re.compile("/peers$"), timeout=SLOW)
        expect(page.locator(f'[data-testid="peer-row"][data-ae="{CLINIC_AE}"]')).to_contain_text("みなと診療所")
        stranger = page.locator(f'[data-testid="stranger"][data-ae="{STRANGER}"]')
        expect(stranger).to_contain_text("1 回")
        picture(page, "peers-1-list")

        # Whoever has knocked is registered with nothing allowed until something is chosen.
        stranger.get_by_test_id("stranger-register").click()
        expect(page.get_by_test_id("peer-aeTitle")).to_have_value(STRANGER, timeout=SLOW)
        expect(page.get_by_test_id("peer-service-store")).not_to_be_checked()
        save(page)
        expect(page.get_by_test_id("peer-site")).to_be_focused()
        page.get_by_test_id("peer-site").select_option("MINATO")
        page.get_by_test_id("peer-service-store").check()
        page.get_by_test_id("peer-networks").fill("10.0")
        save(page)
        expect(page.get_by_test_id("error-message")).to_have_attribute("data-code", "wrong_network", timeout=SLOW)
        expect(page.get_by_test_id("peer-networks")).to_be_focused()
        picture(page, "peers-2-wrong-network")
        page.get_by_test_id("peer-networks").fill("127.0.0.1")
        save(page)
        expect(page).to_have_url(re.compile(f"/peers/{STRANGER}$"), timeout=SLOW)
        assert knock(hub, STRANGER)

        # A click away from unsaved changes asks first.
        page.get_by_test_id("peer-maxRate").fill("１０")
        page.get_by_role("link", name="接続機器の一覧へ").click()
        page.get_by_test_id("peer-stay").click()
        expect(page.get_by_test_id("peer-maxRate")).to_have_value("１０")

        # Trying it says what is missing, then what is wrong there.
        save(page)
        expect(page.get_by_test_id("peer-maxRate")).to_have_value("10", timeout=SLOW)
        page.get_by_test_id("peer-test").click()
        expect(page.get_by_test_id("peer-echo")).to_have_attribute("data-kind", "no_address", timeout=SLOW)
        page.get_by_test_id("peer-address").fill(f"127.0.0.1:{hub.dicom[1]}")
        page.get_by_test_id("peer-coercions").fill("PatientID: shout")
        save(page)
        expect(page.get_by_test_id("error-message")).to_contain_text("「shout」という操作はありません", timeout=SLOW)
        page.get_by_test_id("peer-coercions").fill('PatientID: prefix "MINATO-"')
        save(page)
        expect(page.get_by_test_id("peer-save-state")).to_contain_text("保存しました", timeout=SLOW)
        page.get_by_test_id("peer-test").click()
        expect(page.get_by_test_id("peer-echo")).to_have_attribute("data-kind", "rejected", timeout=SLOW)
        expect(page.get_by_test_id("peer-history")).to_contain_text('PatientID: prefix "MINATO-"')
        picture(page, "peers-3-peer")
        page.get_by_test_id("peer-history").scroll_into_view_if_needed()
        picture(page, "peers-4-history")

        # Switched off it is refused; removed it is a stranger again, and its history stays.
        page.get_by_test_id("peer-enabled").uncheck()
        save(page)
        expect(page.get_by_test_id("peer-save-state")).to_contain_text("保存しました", timeout=SLOW)
        assert not knock(hub, STRANGER)
        page.get_by_test_id("peer-remove").click()
        picture(page, "peers-5-remove")
        page.get_by_test_id("peer-remove-confirm").click()
        expect(page).to_have_url(re.compile("/peers$"), timeout=SLOW)
        expect(page.locator(f'[data-testid="peer-row"][data-ae="{STRANGER}"]')).to_have_count(0)
        page.goto(f"/peers/{STRANGER}")
        expect(page.get_by_test_id("peer-history")).to_contain_text("kanri", timeout=SLOW)

        # Dark and narrow, for the pictures; and nobody else opens the page.
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto("/peers")
        expect(page.get_by_test_id("peer-row").first).to_be_visible(timeout=SLOW)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        picture(page, "peers-6-narrow")
        page.set_viewport_size({"width": 1280, "height": 900})
        page.get_by_role("button", name="暗い画面にする").click()
        page.goto(f"/peers/{CLINIC_AE}")
        expect(page.get_by_test_id("peer-aeTitle")).to_have_value(CLINIC_AE, timeout=SLOW)
        picture(page, "peers-7-dark")
        doctor = person(browser, hub.url).new_page()
        sign_in(doctor, "isha")
        doctor.goto("/peers")
        expect(doctor.get_by_text("ページが見つかりません").last).to_be_visible(timeout=SLOW)
