"""Moving a case: the only place that writes a state, and it writes the history with it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from shared_kernel.errors import Conflict
from worklist.errors import CaseAlreadyRead, CaseNotClaimed, CaseStillReceiving, CaseTaken
from worklist.model import CaseState, CaseStep, after
from worklist.tables import CaseRow, CaseStepRow


def move(session: Session, row: CaseRow, step: CaseStep, *, at: datetime, actor: str, reason: str = "") -> None:
    """Take a step by the transition table; raises the Conflict that tells why it can't be taken."""
    state = CaseState(row.state)
    target = after(state, step)
    if target is None:
        raise refusal(row)
    row.state = target.value
    session.add(
        CaseStepRow(
            case_id=row.case_id,
            step=step.value,
            from_state=state.value,
            to_state=target.value,
            at=at,
            actor=actor,
            reason=reason,
        )
    )


def refusal(row: CaseRow) -> Conflict:
    """Why a case in this state does not take a step that the table lacks."""
    match CaseState(row.state):
        case CaseState.RECEIVING:
            return CaseStillReceiving()
        case CaseState.UNREAD:
            return CaseNotClaimed()
        case CaseState.READING:
            return CaseTaken(reader={"login": row.reader_login, "name": row.reader_name})
        case CaseState.READ:
            return CaseAlreadyRead()
