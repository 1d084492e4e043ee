"""Proves the wire of reports: the agreed JSON, the PDF and FHIR answers, errors with their current report."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pypdf
import pytest
from starlette.requests import Request
from starlette.responses import Response

from access_control.model import Actor
from access_control.web.errors import error_response
from access_control.web.operation import Call
from reporting import wire
from reporting.errors import NoReport, StaleDraft
from reporting.routes import operations
from reporting.service import ReportService
from shared_kernel.events.dispatcher import Dispatcher
from tests.reporting.fakes import CASE, DOCTOR, OTHER_DOCTOR, READER

REQUEST = Request({"type": "http", "state": {"request_id": "r-1"}})
CASE_REPORT = "/api/cases/{case_id}/report"


@pytest.fixture
def call(service: ReportService) -> Callable[..., Any]:
    by_name = {(one.method, one.path): one for one in operations(service)}

    def made(actor: Actor, method: str, path: str, thing: str = "", body: object = None) -> Any:
        one = by_name[method, path]
        answer = one.handler(
            Call(
                actor=actor,
                path={"case_id": thing or CASE.case_id, "report_id": thing},
                query=msgspec.convert(body or {}, one.query, strict=False) if one.query else None,
                body=msgspec.json.decode(json.dumps(body), type=one.body) if one.body else None,
                request=REQUEST,
            )
        )
        if isinstance(answer, Response):
            assert answer.media_type == one.media_type
            return answer
        assert isinstance(answer, one.response)
        return json.loads(msgspec.json.encode(answer))

    return made


def test_the_life_of_a_report_over_the_routes(call: Callable[..., Any], dispatcher: Dispatcher) -> None:
    written = {"findings": "結節なし。", "impression": "異常なし。", "revision": 0}
    draft = call(READER, "PUT", f"{CASE_REPORT}/draft", body=written)
    signed = call(READER, "POST", f"{CASE_REPORT}/sign", body={"revision": draft["revision"]})
    dispatcher.drain()
    (listed,) = call(DOCTOR, "GET", "/api/reports", body={"state": ["delivered"], "limit": "10"})["reports"]
    opened = call(DOCTOR, "GET", "/api/reports/{report_id}", signed["id"])
    call(DOCTOR, "POST", "/api/reports/{report_id}/acknowledge", signed["id"])
    acted = call(DOCTOR, "POST", "/api/reports/{report_id}/act", signed["id"], body={"note": "紹介"})

    assert listed["delivery"]["opened_at"] is None
    assert opened["delivery"]["opened_by"] == {"login": DOCTOR.login, "name": DOCTOR.name}
    assert {
        "id": signed["id"],
        "case_id": "case-1",
        "study_uid": "1.2.3",
        "state": "final",
        "revision": 1,
        "findings": "結節なし。",
        "impression": "異常なし。",
        "author": {"login": "chuo-reader", "name": "chuo-readerさん"},
        "site": {"code": "MINATO", "name": "みなと診療所"},
        "reading_site": {"code": "CHUO", "name": "中央病院"},
        "patient": {
            "id": "M0000731",
            "name": {"alphabetic": "Takasaki Hanako", "ideographic": "髙﨑 花子", "phonetic": "タカサキ ハナコ"},
            "birth_date": "1947-11-03",
            "sex": "F",
        },
        "modalities": ["CT"],
        "study_description": "胸部単純CT",
        "study_date": "2026-03-28",
        "body_part": "CHEST",
        "reason": "咳嗽の精査",
        "saved_at": "2026-03-28T01:00:00Z",
        "signed_at": "2026-03-28T01:00:00Z",
        "signed_by": {"login": "chuo-reader", "name": "chuo-readerさん"},
        "version": 1,
        "content_sha256": signed["content_sha256"],
        "delivery": {
            "state": "acted_on",
            "delivered_at": "2026-03-28T01:00:00Z",
            "opened_at": "2026-03-28T01:00:00Z",
            "opened_by": {"login": "minato-doctor", "name": "minato-doctorさん"},
            "acknowledged_at": "2026-03-28T01:00:00Z",
            "acknowledged_by": {"login": "minato-doctor", "name": "minato-doctorさん"},
            "acted_on_at": "2026-03-28T01:00:00Z",
            "acted_on_by": {"login": "minato-doctor", "name": "minato-doctorさん"},
            "action_note": "紹介",
        },
        "damaged": False,
    } == acted
    assert call(READER, "GET", CASE_REPORT) == acted


def test_an_act_without_a_note(call: Callable[..., Any], delivered: Callable[..., wire.Report]) -> None:
    report = delivered()
    call(DOCTOR, "POST", "/api/reports/{report_id}/acknowledge", report.id)

    assert call(DOCTOR, "POST", "/api/reports/{report_id}/act", report.id, body={})["delivery"]["action_note"] == ""


def test_pdf_and_fhir_of_a_signed_report_agree(call: Callable[..., Any], delivered: Callable[..., wire.Report]) -> None:
    report = delivered(CASE.case_id, "右下葉に結節。𠮷 <script>", "経過観察を勧める。")

    pdf = call(DOCTOR, "GET", "/api/reports/{report_id}/pdf", report.id)
    fhir = call(DOCTOR, "GET", "/fhir/DiagnosticReport/{report_id}", report.id)

    assert ("application/pdf", "no-store") == (pdf.headers["content-type"], pdf.headers["cache-control"])
    assert f'filename="report-{report.id}-v1.pdf"' in pdf.headers["content-disposition"]
    assert (fhir.headers["content-type"], fhir.headers["cache-control"]) == ("application/fhir+json", "no-store")
    resource = json.loads(fhir.body)
    printed = "".join("".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf.body)).pages).split())
    assert resource["conclusion"] == report.impression
    assert resource["presentedForm"][0]["size"] == len(pdf.body)
    for said in (report.findings, report.impression, report.content_sha256):
        assert "".join(said.split()) in printed
        assert said in json.dumps(resource, ensure_ascii=False)


@pytest.mark.parametrize("path", ["/api/reports/{report_id}/pdf", "/fhir/DiagnosticReport/{report_id}"])
def test_a_draft_has_no_other_form(call: Callable[..., Any], path: str) -> None:
    draft = call(READER, "PUT", f"{CASE_REPORT}/draft", body={"findings": "x", "impression": "", "revision": 0})

    with pytest.raises(NoReport):
        call(READER, "GET", path, draft["id"])
    for actor in (DOCTOR, OTHER_DOCTOR):
        with pytest.raises(LookupError):
            call(actor, "GET", path, draft["id"])


def test_a_stale_draft_tells_the_current_report_on_the_wire(call: Callable[..., Any]) -> None:
    current = call(READER, "PUT", f"{CASE_REPORT}/draft", body={"findings": "一", "impression": "", "revision": 0})

    with pytest.raises(StaleDraft) as refused:
        call(READER, "PUT", f"{CASE_REPORT}/draft", body={"findings": "二", "impression": "", "revision": 0})

    answer = error_response(REQUEST, refused.value)
    error = json.loads(answer.body)["error"]
    assert (409, "stale_draft", current) == (answer.status_code, error["code"], error["details"]["current"])


def test_every_operation_documents_its_types(service: ReportService) -> None:
    types = {kind for one in operations(service) for kind in (one.query, one.body, one.response) if kind}
    schemas, _ = msgspec.json.schema_components(types)

    assert len(schemas) == len(types)
    assert all(one.summary and one.errors for one in operations(service))
