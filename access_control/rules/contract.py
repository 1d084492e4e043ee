"""A reading contract lets the reading site's radiologists see and read the clinic's studies."""

from __future__ import annotations

from access_control.model import Action, Actor, Resource, Role

UNDER_CONTRACT = frozenset(
    {Action.CASE_LIST, Action.CASE_CLAIM, Action.STUDY_VIEW, Action.REPORT_VIEW, Action.REPORT_WRITE}
)


def reads_under_contract(actor: Actor, action: Action, resource: Resource) -> bool:
    """Whether a contract between the thing's site and the actor's site covers this action."""
    return actor.role is Role.RADIOLOGIST and action in UNDER_CONTRACT and resource.site_code in actor.reads_for
