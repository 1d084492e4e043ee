"""Sending reports over HTTP."""

from __future__ import annotations

from typing import Annotated

import msgspec

from access_control.web.operation import Call, Operation
from pacs_node.scu.errors import DestinationMayNotSee, DestinationUnknown
from reporting.errors import NoReport, SignedVersionDamaged
from reporting.sending import ReportSender
from shared_kernel.errors import Forbidden, NotFound


class ReportDestination(msgspec.Struct, frozen=True, kw_only=True):
    """The AE title of the peer."""

    destination: Annotated[str, msgspec.Meta(min_length=1, max_length=16)]


class ReportSent(msgspec.Struct, frozen=True, kw_only=True):
    """What the peer has answered: `fate` is sent, warning or failed; `status` is that of its C-STORE response."""

    sop_instance_uid: str
    fate: str
    status: int | None
    reason: str


def operations(sender: ReportSender) -> list[Operation]:
    """The operation that sends a signed report."""

    def send(call: Call) -> ReportSent:
        body: ReportDestination = call.body
        sent = sender.send(call.actor, call.path["report_id"], body.destination)
        return ReportSent(
            sop_instance_uid=sent.sop_instance_uid, fate=sent.fate.value, status=sent.status, reason=sent.reason
        )

    return [
        Operation(
            method="POST",
            path="/api/reports/{report_id}/sends",
            summary="Send the signed report to a DICOM peer as Encapsulated PDF, and wait for its answer",
            tag="reporting",
            handler=send,
            body=ReportDestination,
            response=ReportSent,
            errors=(NotFound, NoReport, Forbidden, SignedVersionDamaged, DestinationUnknown, DestinationMayNotSee),
        )
    ]
