"""The worklist over HTTP."""

from __future__ import annotations

from access_control.web.operation import Call, Operation
from shared_kernel.errors import Forbidden, InvalidInput, NotFound, TooLarge
from worklist import wire
from worklist.errors import CaseAlreadyRead, CaseStillReceiving, CaseTaken, StaleRequest
from worklist.service import CaseService


def operations(service: CaseService) -> list[Operation]:
    """The operations on reading cases."""

    def list_cases(call: Call) -> wire.CasePage:
        return service.page(call.actor, call.query)

    def get_case(call: Call) -> wire.CaseDetail:
        return service.detail(call.actor, call.path["case_id"])

    def put_request(call: Call) -> wire.Case:
        return service.change_request(call.actor, call.path["case_id"], call.body)

    def claim(call: Call) -> wire.Case:
        return service.claim(call.actor, call.path["case_id"])

    def release(call: Call) -> wire.Case:
        return service.release(call.actor, call.path["case_id"])

    return [
        Operation(
            method="GET",
            path="/api/cases",
            summary="Reading cases that the caller may see: those to be read by due date, read ones last",
            tag="worklist",
            handler=list_cases,
            query=wire.CaseQuery,
            response=wire.CasePage,
            errors=(Forbidden, InvalidInput),
        ),
        Operation(
            method="GET",
            path="/api/cases/{case_id}",
            summary="One reading case with its priors and what the caller may do",
            tag="worklist",
            handler=get_case,
            response=wire.CaseDetail,
            errors=(NotFound, Forbidden),
        ),
        Operation(
            method="PUT",
            path="/api/cases/{case_id}/request",
            summary="Write 検査目的 and 臨床情報",
            tag="worklist",
            handler=put_request,
            body=wire.RequestChange,
            response=wire.Case,
            errors=(NotFound, Forbidden, StaleRequest, CaseAlreadyRead, TooLarge),
        ),
        Operation(
            method="POST",
            path="/api/cases/{case_id}/claim",
            summary="Take the case to read it",
            tag="worklist",
            handler=claim,
            response=wire.Case,
            errors=(NotFound, Forbidden, CaseTaken, CaseStillReceiving, CaseAlreadyRead),
        ),
        Operation(
            method="POST",
            path="/api/cases/{case_id}/release",
            summary="Give the case back unread",
            tag="worklist",
            handler=release,
            response=wire.Case,
            errors=(NotFound, Forbidden, CaseTaken, CaseStillReceiving, CaseAlreadyRead),
        ),
    ]
