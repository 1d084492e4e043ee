"""Who hears which events: the rooms' own subscribers, and those that join two rooms."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

import dicomweb.subscribers
import reporting.subscribers
import worklist.subscribers
from pacs_node.archive.catalogue import Catalogue
from reporting.events import ReportSigned
from shared_kernel.clock import Clock
from shared_kernel.events.event import Envelope
from shared_kernel.events.subscriber import Handler, Subscriber
from worklist.service import CaseService


def all_subscribers(
    cases: CaseService, catalogue: Catalogue, clock: Clock, make_metadata: Callable[[str], None]
) -> list[Subscriber]:
    """Every subscription of the hub; a name is for life, it is the key to the subscriber's place."""
    return [
        *worklist.subscribers.subscribers(catalogue),
        *reporting.subscribers.subscribers(clock),
        *dicomweb.subscribers.subscribers(make_metadata),
        Subscriber("worklist.completion", {ReportSigned: _complete_case(cases)}),
    ]


def _complete_case(cases: CaseService) -> Handler:
    def on_report_signed(session: Session, envelope: Envelope) -> None:
        event = envelope.open(ReportSigned)
        cases.complete(
            session,
            case_id=event.case_id,
            report_id=event.report_id,
            signed_by=event.signed_by,
            signer_name=event.signer_name,
            signer_site_code=event.reading_site_code,
            instance_count=event.instance_count,
            at=envelope.occurred_at,
        )

    return on_report_signed
