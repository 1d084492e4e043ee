"""Proves the PDF: it says what was signed, in characters that survive, and fetches nothing."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime

import msgspec
import pypdf
import pytest
from weasyprint.urls import FatalURLFetchingError

from reporting.forms.page import moment, page
from reporting.forms.pdf import pdf, render
from reporting.signed import SignedReport, canonical, sha256
from tests.reporting.fakes import signed_report

HARD = "髙﨑栁 𠮷田 濵瀨德 森鷗外 𩸽 שלום עולם <script>alert('x')</script> <b>&amp; \"q\" ]]> {{7*7}}"


def text_of(report: SignedReport) -> str:
    """The PDF's text without white space, which a page breaks where it must."""
    document = pypdf.PdfReader(io.BytesIO(pdf(report, sha256(canonical(report)))))
    return "".join("".join(one.extract_text() for one in document.pages).split())


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_the_pdf_says_everything_that_was_signed() -> None:
    report = signed_report()

    text = text_of(report)

    for said in (
        "髙﨑 花子",
        "タカサキ ハナコ",
        "Takasaki Hanako",
        "M0000731",
        "1947年（昭和22年）11月3日　78歳",
        "女性",
        "CT　CHEST　胸部単純CT",
        "2026年（令和8年）3月28日 09:58",
        "A-100",
        "みなと診療所　湊 一朗",
        "検査目的" + report.reason,
        "臨床情報" + report.clinical_history,
        "所見" + report.findings,
        "診断" + report.impression,
        "放射 読子（中央病院）",
        "2026年（令和8年）3月29日 00:05 JST",
        "第1版",
        sha256(canonical(report)),
    ):
        assert squeezed(said) in text


@pytest.mark.parametrize("field", ["reason", "clinical_history", "findings", "impression"])
def test_hard_text_stays_text_in_every_field(field: str) -> None:
    text = text_of(signed_report(**{field: HARD}))

    # A right-to-left run may come back in visual order; the rest must be there as it was written.
    hebrew = "שלום עולם"
    for part in HARD.split(hebrew):
        assert squeezed(part) in text
    assert squeezed(hebrew) in text or squeezed(hebrew[::-1]) in text


def test_names_from_a_header_can_t_become_markup() -> None:
    patient = msgspec.structs.replace(signed_report().patient, ideographic="<img src=x>&\x1b\x00", id='"><script>')

    document = page(signed_report(patient=patient), "0" * 64)

    assert "<img" not in document
    assert "<script" not in document
    assert "\x1b" not in document
    assert "\x00" not in document
    assert "<imgsrc=x>&" in text_of(signed_report(patient=patient))


def test_unknown_things_are_left_open_not_invented() -> None:
    patient = msgspec.structs.replace(
        signed_report().patient, ideographic="", phonetic="", alphabetic="", birth_date=None, sex=""
    )
    study = msgspec.structs.replace(signed_report().study, date=None, time=None, accession_number="", description="")

    text = text_of(signed_report(patient=patient, study=study, clinical_history=""))

    for open_field in ("患者―", "生年月日―", "性別―", "受付番号―", "検査日時―", "臨床情報―"):
        assert open_field in text


def test_a_long_report_runs_over_pages_that_all_say_whose_they_are() -> None:
    report = signed_report(findings="右肺下葉に結節を認める。\n" * 200)
    document = pypdf.PdfReader(io.BytesIO(pdf(report, sha256(canonical(report)))))

    assert len(document.pages) > 2
    for number, one in enumerate(document.pages, start=1):
        text = squeezed(one.extract_text())
        assert "患者IDM0000731" in text
        assert sha256(canonical(report)) in text
        assert f"{number}/{len(document.pages)}" in text


def test_the_same_version_gives_the_same_bytes() -> None:
    report = signed_report()
    document = page(report, "0" * 64)

    assert render(document) == render(document)


@pytest.mark.parametrize(
    "reach",
    [
        '<img src="http://127.0.0.1:9/x.png">',
        '<img src="file:///etc/passwd">',
        '<link rel="stylesheet" href="https://127.0.0.1:9/x.css">',
        '<style>@import url("file:///etc/hostname");</style>',
        '<img src="data:image/png;base64,AAAA">',
    ],
)
def test_rendering_fetches_nothing(reach: str) -> None:
    with pytest.raises(FatalURLFetchingError):
        render(f"<html><body>{reach}</body></html>")


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2019, 4, 30, 14, 59, tzinfo=UTC), "2019年（平成31年）4月30日 23:59 JST"),
        (datetime(2019, 4, 30, 15, 0, tzinfo=UTC), "2019年（令和元年）5月1日 00:00 JST"),
    ],
)
def test_the_era_is_that_of_the_day_in_japan(at: datetime, expected: str) -> None:
    assert expected == moment(at)


def test_age_is_counted_on_the_day_of_the_examination() -> None:
    patient = msgspec.structs.replace(signed_report().patient, birth_date=date(1980, 2, 29))
    before = msgspec.structs.replace(signed_report().study, date=date(2026, 2, 28))
    after = msgspec.structs.replace(signed_report().study, date=date(2026, 3, 1))

    assert "45歳" in page(signed_report(patient=patient, study=before), "")
    assert "46歳" in page(signed_report(patient=patient, study=after), "")
