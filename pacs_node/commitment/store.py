"""Commitment transactions in the database, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import and_, delete, func, insert, or_, select
from sqlalchemy.orm import Session

from pacs_node.commitment.model import CONFIRMED, Commitment, CommitmentState, Direction, Reference
from pacs_node.commitment.tables import CommitmentInstanceRow, CommitmentRow

_AT_ONCE = 500


def load(session: Session, row: CommitmentRow) -> Commitment:
    """The transaction as a value."""
    found = select(CommitmentInstanceRow).filter_by(commitment_id=row.commitment_id)
    return Commitment(
        commitment_id=row.commitment_id,
        direction=Direction(row.direction),
        ae_title=row.ae_title,
        site_code=row.site_code,
        transaction_uid=row.transaction_uid,
        state=CommitmentState(row.state),
        asked_at=row.asked_at,
        checked_at=row.checked_at,
        ended_at=row.ended_at,
        attempts=row.attempts,
        last_error=row.last_error,
        references=[
            Reference(each.sop_class_uid, each.sop_instance_uid, each.failure_reason, each.study_uid)
            for each in session.scalars(found.order_by(CommitmentInstanceRow.number))
        ],
    )


def write_references(session: Session, commitment_id: str, references: Sequence[Reference]) -> None:
    """Let the transaction have these instances instead of any that it had."""
    session.flush()
    session.execute(delete(CommitmentInstanceRow).filter_by(commitment_id=commitment_id))
    rows = [
        {
            "commitment_id": commitment_id,
            "sop_class_uid": each.sop_class_uid,
            "sop_instance_uid": each.sop_instance_uid,
            "study_uid": each.study_uid,
            "failure_reason": each.failure_reason,
        }
        for each in references
    ]
    for start in range(0, len(rows), _AT_ONCE):
        session.execute(insert(CommitmentInstanceRow), rows[start : start + _AT_ONCE])


def of_transaction(session: Session, direction: Direction, ae_title: str, transaction_uid: str) -> CommitmentRow | None:
    """The first transaction of this UID with this peer."""
    found = select(CommitmentRow).filter_by(
        direction=direction.value, ae_title=ae_title, transaction_uid=transaction_uid
    )
    return session.scalar(found.order_by(CommitmentRow.commitment_id).limit(1).with_for_update())


def repeated(
    session: Session, direction: Direction, ae_title: str, transaction_uid: str, references: Sequence[Reference]
) -> CommitmentRow | None:
    """The newest transaction of this UID with this peer that is about these very instances."""
    found = select(CommitmentRow).filter_by(
        direction=direction.value, ae_title=ae_title, transaction_uid=transaction_uid
    )
    rows = session.scalars(found.order_by(CommitmentRow.asked_at.desc(), CommitmentRow.commitment_id.desc()))
    return next((row for row in rows if same(load(session, row).references, references)), None)


def same(known: Sequence[Reference], asked: Sequence[Reference]) -> bool:
    """Whether they name the same instances of the same classes, whatever was found of them."""
    return {(each.sop_class_uid, each.sop_instance_uid) for each in known} == {
        (each.sop_class_uid, each.sop_instance_uid) for each in asked
    }


def peers_due(session: Session, now: datetime, most: int | None, busy: Collection[str] = ()) -> Sequence[str]:
    """Peers, `most` of them, whose transactions wait for the worker, but `busy` ones; who waits longest comes first."""
    found = select(CommitmentRow.ae_title).where(
        CommitmentRow.next_attempt_at <= now, CommitmentRow.ae_title.not_in(busy)
    )
    oldest = func.min(CommitmentRow.next_attempt_at)
    return session.scalars(found.group_by(CommitmentRow.ae_title).order_by(oldest).limit(most)).all()


def due(session: Session, now: datetime, limit: int, peers: Collection[str]) -> Sequence[CommitmentRow]:
    """Transactions with these peers that wait for the worker, the oldest first; locked, so only where it is written."""
    found = select(CommitmentRow).where(CommitmentRow.next_attempt_at <= now, CommitmentRow.ae_title.in_(peers))
    return session.scalars(found.order_by(CommitmentRow.next_attempt_at).limit(limit).with_for_update()).all()


def of_study(session: Session, study_uid: str) -> list[Commitment]:
    """Every transaction that names an instance of the study, the newest first."""
    named = select(CommitmentInstanceRow.commitment_id).filter_by(study_uid=study_uid).distinct()
    rows = session.scalars(
        select(CommitmentRow).where(CommitmentRow.commitment_id.in_(named)).order_by(CommitmentRow.commitment_id.desc())
    )
    return [load(session, row) for row in rows]


def troubled(session: Session, *, asked_since: datetime, open_before: datetime) -> list[Commitment]:
    """Transactions asked for since then that are open from before `open_before`, were given up, or not confirmed.

    What a later transaction with the same peer has confirmed is no trouble any more. Of one that a peer asked for it
    is the peer's matter what was found; that it was not told is ours. The newest first.
    """
    over = (CommitmentState.ENDED.value, CommitmentState.GIVEN_UP.value)
    unconfirmed = select(CommitmentInstanceRow.commitment_id).where(CommitmentInstanceRow.failure_reason != CONFIRMED)
    statement = select(CommitmentRow).where(
        CommitmentRow.asked_at >= asked_since,
        or_(
            and_(CommitmentRow.state.not_in(over), CommitmentRow.asked_at < open_before),
            CommitmentRow.state == CommitmentState.GIVEN_UP.value,
            and_(
                CommitmentRow.direction == Direction.BY_US.value,
                CommitmentRow.state == CommitmentState.ENDED.value,
                CommitmentRow.commitment_id.in_(unconfirmed),
            ),
        ),
    )
    found = [load(session, row) for row in session.scalars(statement.order_by(CommitmentRow.asked_at.desc()))]
    return [each for each in found if not _confirmed_later(session, each)]


def _confirmed_later(session: Session, commitment: Commitment) -> bool:
    wanted = {each.sop_instance_uid for each in commitment.references if each.failure_reason != CONFIRMED}
    if commitment.direction is Direction.BY_PEER:
        wanted = {each.sop_instance_uid for each in commitment.references}
    uids = sorted(wanted)
    for start in range(0, len(uids), _AT_ONCE):
        confirmed = (
            select(CommitmentInstanceRow.sop_instance_uid)
            .join(CommitmentRow, CommitmentRow.commitment_id == CommitmentInstanceRow.commitment_id)
            .where(
                CommitmentInstanceRow.sop_instance_uid.in_(uids[start : start + _AT_ONCE]),
                CommitmentInstanceRow.failure_reason == CONFIRMED,
                CommitmentRow.state == CommitmentState.ENDED.value,
                CommitmentRow.direction == commitment.direction.value,
                CommitmentRow.ae_title == commitment.ae_title,
                CommitmentRow.asked_at > commitment.asked_at,
            )
        )
        wanted -= set(session.scalars(confirmed))
    return not wanted
