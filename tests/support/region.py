"""Two clinics and a reading hospital, registered by the command line."""

from __future__ import annotations

from pathlib import Path

from tests.support.hub_process import PASSWORD, told

CLINIC_AE, OTHER_CLINIC_AE, HOSPITAL_AE = "MINATO_CT", "YAMANE_CT", "CHUO_PACS"

PEOPLE = (
    ("gishi", "浜田 真", "MINATO", "technologist"),
    ("isha", "湊 恵子", "MINATO", "referring_doctor"),
    ("dokuei1", "青葉 玲", "CHUO", "radiologist"),
    ("dokuei2", "森川 健", "CHUO", "radiologist"),
    ("yoso", "山根 修", "YAMANE", "referring_doctor"),
    ("yoyaku", "岸 由美", "MINATO", "scheduler"),
    ("jimu", "大谷 千夏", "CHUO", "secretariat"),
    ("kanri", "関 亮", "CHUO", "administrator"),
)


def register(data: Path) -> None:
    """Register the region; YAMANE has no contract with CHUO."""
    told(data, "site", "add", "MINATO", "みなと診療所", "--ae-title", CLINIC_AE)
    told(data, "site", "add", "YAMANE", "山根クリニック", "--ae-title", OTHER_CLINIC_AE)
    told(data, "site", "add", "CHUO", "あおば中央病院", "--ae-title", HOSPITAL_AE, "--ae-address", "127.0.0.1:11113")
    for login, name, site, role in PEOPLE:
        told(data, "person", "add", login, name, "--site", site, "--role", role, "--password-stdin", stdin=PASSWORD)
    told(data, "contract", "add", "MINATO", "CHUO")
