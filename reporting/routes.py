"""Reports over HTTP."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from access_control.web.operation import Call, Operation
from reporting import wire
from reporting.errors import (
    AlreadyActedOn,
    AlreadySigned,
    EmptyReport,
    IdentityConflict,
    ImagesReplaced,
    NoReport,
    NotAcknowledged,
    NotDelivered,
    NotTheReader,
    SignedVersionDamaged,
    StaleDraft,
    StudyHasGrown,
    TooManyLines,
)
from reporting.forms.fhir import diagnostic_report
from reporting.forms.pdf import pdf
from reporting.service import ReportService
from shared_kernel.errors import Forbidden, InvalidInput, NotFound, TooLarge

FHIR_JSON = "application/fhir+json"
PDF = "application/pdf"
_NOT_KEPT = {"Cache-Control": "no-store"}


def operations(service: ReportService) -> list[Operation]:
    """The operations on reports."""
    return [*_writing(service), *_inbox(service), *_forms(service)]


def _writing(service: ReportService) -> list[Operation]:
    def get_of_case(call: Call) -> wire.Report:
        return service.of_case(call.actor, call.path["case_id"])

    def put_draft(call: Call) -> wire.Report:
        return service.save_draft(call.actor, call.path["case_id"], call.body)

    def sign(call: Call) -> wire.Report:
        return service.sign(
            call.actor,
            call.path["case_id"],
            call.body.revision,
            seen_instance_count=call.body.seen_instance_count,
            seen_images_replaced=call.body.seen_images_replaced,
        )

    return [
        Operation(
            method="GET",
            path="/api/cases/{case_id}/report",
            summary="The case's report: its readers see the draft, everybody else the signed one",
            tag="reporting",
            handler=get_of_case,
            response=wire.Report,
            errors=(NotFound, NoReport, Forbidden, SignedVersionDamaged),
        ),
        Operation(
            method="PUT",
            path="/api/cases/{case_id}/report/draft",
            summary="Save 所見 and 診断",
            tag="reporting",
            handler=put_draft,
            body=wire.DraftChange,
            response=wire.Report,
            errors=(NotFound, Forbidden, NotTheReader, StaleDraft, AlreadySigned, TooLarge, TooManyLines),
        ),
        Operation(
            method="POST",
            path="/api/cases/{case_id}/report/sign",
            summary="Sign the draft for good",
            tag="reporting",
            handler=sign,
            body=wire.Signature,
            response=wire.Report,
            errors=(
                NotFound,
                NoReport,
                Forbidden,
                NotTheReader,
                StaleDraft,
                AlreadySigned,
                EmptyReport,
                IdentityConflict,
                StudyHasGrown,
                ImagesReplaced,
            ),
        ),
    ]


def _inbox(service: ReportService) -> list[Operation]:
    def list_reports(call: Call) -> wire.ReportPage:
        return service.page(call.actor, call.query)

    def get_report(call: Call) -> wire.Report:
        return service.report(call.actor, call.path["report_id"])

    def acknowledge(call: Call) -> wire.Report:
        return service.acknowledge(call.actor, call.path["report_id"])

    def act(call: Call) -> wire.Report:
        return service.act(call.actor, call.path["report_id"], call.body.note)

    return [
        Operation(
            method="GET",
            path="/api/reports",
            summary="Reports that came to the caller's site, the unacknowledged first",
            tag="reporting",
            handler=list_reports,
            query=wire.ReportQuery,
            response=wire.ReportPage,
            errors=(Forbidden, InvalidInput),
        ),
        Operation(
            method="GET",
            path="/api/reports/{report_id}",
            summary="One report; a doctor of the requesting site thereby opens it",
            tag="reporting",
            handler=get_report,
            response=wire.Report,
            errors=(NotFound, Forbidden, SignedVersionDamaged),
        ),
        Operation(
            method="POST",
            path="/api/reports/{report_id}/acknowledge",
            summary="確認した",
            tag="reporting",
            handler=acknowledge,
            response=wire.Report,
            errors=(NotFound, Forbidden, NotDelivered),
        ),
        Operation(
            method="POST",
            path="/api/reports/{report_id}/act",
            summary="対応済, with a note",
            tag="reporting",
            handler=act,
            body=wire.ActionNote,
            response=wire.Report,
            errors=(NotFound, Forbidden, NotDelivered, NotAcknowledged, AlreadyActedOn, TooLarge),
        ),
    ]


def _forms(service: ReportService) -> list[Operation]:
    def get_pdf(call: Call) -> Response:
        report, content_sha256 = service.signed(call.actor, call.path["report_id"], opens=True)
        name = f'inline; filename="report-{report.report_id}-v{report.version}.pdf"'
        headers = {**_NOT_KEPT, "Content-Disposition": name}
        return Response(pdf(report, content_sha256), media_type=PDF, headers=headers)

    def get_fhir(call: Call) -> Response:
        report, content_sha256 = service.signed(call.actor, call.path["report_id"], opens=False)
        resource = diagnostic_report(report, content_sha256, pdf(report, content_sha256))
        return Response(msgspec.json.encode(resource), media_type=FHIR_JSON, headers=_NOT_KEPT)

    return [
        Operation(
            method="GET",
            path="/api/reports/{report_id}/pdf",
            summary="The signed report as PDF",
            tag="reporting",
            handler=get_pdf,
            media_type=PDF,
            errors=(NotFound, NoReport, Forbidden, SignedVersionDamaged),
        ),
        Operation(
            method="GET",
            path="/fhir/DiagnosticReport/{report_id}",
            summary="The signed report as FHIR R4 DiagnosticReport",
            tag="fhir",
            handler=get_fhir,
            media_type=FHIR_JSON,
            errors=(NotFound, NoReport, Forbidden, SignedVersionDamaged),
        ),
    ]
