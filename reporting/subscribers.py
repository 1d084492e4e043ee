"""What reporting does when a report was signed: it delivers."""

from __future__ import annotations

from sqlalchemy.orm import Session

from reporting.delivery import deliver
from reporting.events import ReportSigned
from reporting.tables import ReportRow
from shared_kernel.clock import Clock
from shared_kernel.events.event import Envelope
from shared_kernel.events.subscriber import Subscriber


def subscribers(clock: Clock) -> list[Subscriber]:
    """Reporting's subscriptions, for the dispatcher."""

    def on_report_signed(session: Session, envelope: Envelope) -> None:
        row = session.get_one(ReportRow, envelope.open(ReportSigned).report_id)
        deliver(session, row, at=clock.now())

    return [Subscriber("reporting.portal", {ReportSigned: on_report_signed})]
