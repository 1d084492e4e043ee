"""Proves the DiagnosticReport: its codes, its references, and that it says what was signed and what the PDF says."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from typing import Any

import msgspec
import pypdf

from reporting.forms.fhir import diagnostic_report
from reporting.forms.pdf import pdf
from reporting.signed import canonical, sha256
from tests.reporting.fakes import signed_report
from tests.reporting.forms.test_pdf import HARD, squeezed

PDF = b"%PDF-1.7 stand-in"


def empty_values(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [
            found for item in value.values() for found in ([item] if item in (None, "", [], {}) else empty_values(item))
        ]
    return [found for item in value for found in empty_values(item)] if isinstance(value, list) else []


def test_a_report_as_fhir() -> None:
    report = signed_report()

    told = diagnostic_report(report, "ab" * 32, PDF)

    assert ("DiagnosticReport", report.report_id, "final") == (told["resourceType"], told["id"], told["status"])
    assert told["code"]["coding"][0] | {"display": ""} == {
        "system": "http://loinc.org",
        "code": "18748-4",
        "display": "",
    }
    assert [category["coding"][0]["code"] for category in told["category"]] == ["LP29684-5", "CT"]
    assert told["effectiveDateTime"] == "2026-03-28T01:30:00.000Z"
    assert told["issued"] == "2026-03-28T15:05:06.789Z"
    assert told["conclusion"] == report.impression
    assert told["imagingStudy"][0]["identifier"] == {"system": "urn:dicom:uid", "value": "urn:oid:1.2.3"}
    assert told["basedOn"][0]["identifier"]["value"] == "A-100"
    assert told["subject"]["display"] == "髙﨑 花子"
    assert told["subject"]["identifier"] == {
        "value": "M0000731",
        "assigner": {"type": "Organization", "identifier": {"value": "MINATO"}, "display": "みなと診療所"},
    }
    assert told["resultsInterpreter"][0]["display"] == "放射 読子"
    assert told["performer"][0]["display"] == "中央病院"


def test_results_are_contained_and_refer_to_each_other() -> None:
    report = signed_report()
    told = diagnostic_report(report, "ab" * 32, PDF)
    contained = {f"#{resource['id']}": resource for resource in told["contained"]}

    results = [contained[result["reference"]] for result in told["result"]]

    assert [(result["code"]["coding"][0]["code"], result["valueString"]) for result in results] == [
        ("18782-3", report.findings),
        ("19005-8", report.impression),
    ]
    assert {result["subject"]["reference"] for result in results} == {"#patient"} == {told["subject"]["reference"]}
    names = {name["extension"][0]["valueCode"]: name["text"] for name in contained["#patient"]["name"]}
    assert names == {"IDE": "髙﨑 花子", "SYL": "タカサキ ハナコ", "ABC": "Takasaki Hanako"}
    assert ("female", "1947-11-03") == (contained["#patient"]["gender"], contained["#patient"]["birthDate"])


def test_the_presented_form_is_the_pdf_by_its_hash() -> None:
    (form,) = diagnostic_report(signed_report(), "ab" * 32, PDF)["presentedForm"]

    assert base64.b64decode(form["hash"]) == hashlib.sha1(PDF, usedforsecurity=False).digest()
    assert (form["contentType"], form["size"]) == ("application/pdf", len(PDF))
    assert form["url"] == f"/api/reports/{signed_report().report_id}/pdf"
    assert "ab" * 32 in form["title"]


def test_nothing_is_empty_where_little_is_known() -> None:
    patient = msgspec.structs.replace(
        signed_report().patient, ideographic="", phonetic="", alphabetic="", birth_date=None, sex=""
    )
    study = msgspec.structs.replace(signed_report().study, accession_number="", description="", modalities=())

    told = diagnostic_report(signed_report(patient=patient, study=study, findings=" \n"), "ab" * 32, PDF)

    assert empty_values(told) == []
    assert "basedOn" not in told
    assert [result["reference"] for result in told["result"]] == ["#impression"]


def test_an_institution_code_gives_the_patient_id_jp_core_s_system() -> None:
    patient = msgspec.structs.replace(signed_report().patient, issuer="3710000001")

    told = diagnostic_report(signed_report(patient=patient), "ab" * 32, PDF)

    assert told["subject"]["identifier"]["system"] == "urn:oid:1.2.392.100495.20.3.51.13710000001"


def test_hard_text_is_the_same_text_on_the_wire() -> None:
    report = signed_report(findings=HARD, impression=HARD, reason=HARD)

    told = json.loads(msgspec.json.encode(diagnostic_report(report, "ab" * 32, PDF)))

    assert told["conclusion"] == HARD
    assert [resource["valueString"] for resource in told["contained"][1:]] == [HARD, HARD]


def test_pdf_and_fhir_agree_with_the_signed_version() -> None:
    report = signed_report()
    content_sha256 = sha256(canonical(report))
    printed = pdf(report, content_sha256)
    told = diagnostic_report(report, content_sha256, printed)
    text = squeezed("".join(one.extract_text() for one in pypdf.PdfReader(io.BytesIO(printed)).pages))

    values = [resource["valueString"] for resource in told["contained"][1:]]
    assert values == [report.findings, report.impression]
    for said in (*values, told["conclusion"], told["subject"]["display"], told["code"]["text"], content_sha256):
        assert squeezed(said) in text
    assert content_sha256 in told["presentedForm"][0]["title"]
