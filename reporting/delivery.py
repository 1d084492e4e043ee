"""From signed to handled: delivered, opened, acknowledged, acted on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from access_control.model import Actor
from reporting.errors import NotAcknowledged
from reporting.events import ReportAcknowledged, ReportActedOn, ReportDelivered, ReportOpened
from reporting.model import DeliveryState, DeliveryStep, delivery_after
from reporting.tables import DeliveryRow, ReportRow
from reporting.view import delivery_of, signed_version
from shared_kernel.events.outbox import publish
from shared_kernel.ids import new_id
from shared_kernel.japanese.search_key import search_key

PORTAL = "portal"


def deliver(session: Session, row: ReportRow, *, at: datetime) -> None:
    """Put the newest signed version into the requesting site's inbox; once, however often it is asked."""
    if delivery_of(session, row) is not None:
        return
    signed, _ = signed_version(session, row)
    names = (signed.patient.ideographic, signed.patient.phonetic, signed.patient.alphabetic)
    delivery = DeliveryRow(
        delivery_id=new_id(),
        report_id=row.report_id,
        version=row.version,
        site_code=row.site_code,
        state=DeliveryState.DELIVERED.value,
        patient_id=signed.patient.id,
        name_key="|".join(search_key(name) for name in names if name),
        accession_number=signed.study.accession_number,
        delivered_at=at,
    )
    session.add(delivery)
    event = ReportDelivered(**names_of(row), version=row.version, channel=PORTAL)
    publish(session, event, at=at, actor="system")


def open_first(session: Session, row: ReportRow, delivery: DeliveryRow, actor: Actor, *, at: datetime) -> bool:
    """Record that the actor has seen the version, if nobody of the site has; True if it was the first time."""
    if delivery.opened_at is not None:
        return False
    delivery.opened_at, delivery.opened_by_login, delivery.opened_by_name = at, actor.login, actor.name
    event = ReportOpened(**names_of(row), version=row.version, opened_by=actor.login)
    publish(session, event, at=at, actor=actor.login)
    return True


def acknowledge(session: Session, row: ReportRow, delivery: DeliveryRow, actor: Actor, *, at: datetime) -> bool:
    """確認した, for the first time; False if it was said before. Who acknowledges has seen it."""
    target = delivery_after(DeliveryState(delivery.state), DeliveryStep.ACKNOWLEDGE)
    if target is None:
        return False
    open_first(session, row, delivery, actor, at=at)
    delivery.state = target.value
    delivery.acknowledged_at = at
    delivery.acknowledged_by_login, delivery.acknowledged_by_name = actor.login, actor.name
    event = ReportAcknowledged(**names_of(row), version=row.version, acknowledged_by=actor.login)
    publish(session, event, at=at, actor=actor.login)
    return True


def act(session: Session, row: ReportRow, delivery: DeliveryRow, actor: Actor, note: str, *, at: datetime) -> bool:
    """対応済, with a note; False if it was said before. Raises NotAcknowledged."""
    state = DeliveryState(delivery.state)
    if state is DeliveryState.DELIVERED:
        raise NotAcknowledged()
    target = delivery_after(state, DeliveryStep.ACT)
    if target is None:
        return False
    delivery.state = target.value
    delivery.acted_on_at, delivery.action_note = at, note
    delivery.acted_on_by_login, delivery.acted_on_by_name = actor.login, actor.name
    event = ReportActedOn(**names_of(row), version=row.version, acted_on_by=actor.login)
    publish(session, event, at=at, actor=actor.login)
    return True


def names_of(row: ReportRow) -> dict[str, str]:
    """What every event about a report names."""
    return {
        "report_id": row.report_id,
        "case_id": row.case_id,
        "study_uid": row.study_uid,
        "site_code": row.site_code,
    }
