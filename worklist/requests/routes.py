"""Reading requests over HTTP."""

from __future__ import annotations

from access_control.web.operation import Call, Operation
from shared_kernel.errors import Forbidden, InvalidInput, NotFound
from worklist.requests import wire
from worklist.requests.errors import AccessionTaken, RequestClosed, StaleReadingRequest, WrongRequest
from worklist.requests.service import RequestService


def operations(service: RequestService) -> list[Operation]:
    """The operations on reading requests."""

    def list_requests(call: Call) -> wire.RequestPage:
        return service.page(call.actor, call.query)

    def enter(call: Call) -> wire.Request:
        return service.enter(call.actor, call.body)

    def get_request(call: Call) -> wire.Request:
        return service.one(call.actor, call.path["request_id"])

    def change(call: Call) -> wire.Request:
        return service.change(call.actor, call.path["request_id"], call.body)

    def cancel(call: Call) -> wire.Request:
        return service.cancel(call.actor, call.path["request_id"], call.body)

    def known_patient(call: Call) -> wire.KnownPatient:
        return service.known_patient(call.actor, call.query.patient_id)

    return [
        Operation(
            method="GET",
            path="/api/requests",
            summary="Reading requests of the own site: open ones by their time, the others behind them",
            tag="requests",
            handler=list_requests,
            query=wire.RequestQuery,
            response=wire.RequestPage,
            errors=(Forbidden, InvalidInput),
        ),
        Operation(
            method="POST",
            path="/api/requests",
            summary="Enter a reading request; the scanner finds it in its worklist at once",
            tag="requests",
            handler=enter,
            body=wire.RequestIn,
            response=wire.Request,
            errors=(Forbidden, WrongRequest, AccessionTaken),
        ),
        Operation(
            method="GET",
            path="/api/known-patient",
            summary="What the own site knows of a patient ID, to fill in a request",
            tag="requests",
            handler=known_patient,
            query=wire.KnownPatientQuery,
            response=wire.KnownPatient,
            errors=(Forbidden, InvalidInput),
        ),
        Operation(
            method="GET",
            path="/api/requests/{request_id}",
            summary="One reading request",
            tag="requests",
            handler=get_request,
            response=wire.Request,
            errors=(NotFound, Forbidden),
        ),
        Operation(
            method="PUT",
            path="/api/requests/{request_id}",
            summary="Change an open reading request",
            tag="requests",
            handler=change,
            body=wire.RequestIn,
            response=wire.Request,
            errors=(NotFound, Forbidden, WrongRequest, AccessionTaken, RequestClosed, StaleReadingRequest),
        ),
        Operation(
            method="POST",
            path="/api/requests/{request_id}/cancel",
            summary="Cancel an open reading request",
            tag="requests",
            handler=cancel,
            body=wire.CancelIn,
            response=wire.Request,
            errors=(NotFound, Forbidden, WrongRequest, RequestClosed, StaleReadingRequest),
        ),
    ]
