"""A role permits certain actions, wherever they are done."""

from __future__ import annotations

from collections.abc import Mapping

from access_control.model import Action, Role

PERMITTED: Mapping[Role, frozenset[Action]] = {
    Role.TECHNOLOGIST: frozenset(
        {
            Action.CASE_LIST,
            Action.REQUEST_LIST,
            Action.REQUEST_ENTER,
            Action.STUDY_VIEW,
            Action.STUDY_STORE,
            Action.PATIENT_RESOLVE,
        }
    ),
    Role.REFERRING_DOCTOR: frozenset(
        {
            Action.CASE_LIST,
            Action.CASE_REQUEST,
            Action.REQUEST_LIST,
            Action.REQUEST_ENTER,
            Action.STUDY_VIEW,
            Action.STUDY_STORE,
            Action.PATIENT_RESOLVE,
            Action.REPORT_VIEW,
            Action.REPORT_ACKNOWLEDGE,
        }
    ),
    Role.RADIOLOGIST: frozenset(
        {
            Action.CASE_LIST,
            Action.CASE_CLAIM,
            Action.STUDY_VIEW,
            Action.STUDY_STORE,
            Action.REPORT_VIEW,
            Action.REPORT_WRITE,
        }
    ),
    Role.SCHEDULER: frozenset(),
    Role.SECRETARIAT: frozenset({Action.CASE_LIST, Action.PATIENT_RESOLVE}),
    Role.ADMINISTRATOR: frozenset({Action.ADMINISTER}),
}


def role_permits(role: Role, action: Action) -> bool:
    """Whether people of this role ever do this."""
    return action in PERMITTED[role]
