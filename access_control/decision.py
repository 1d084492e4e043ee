"""The one function that every access decision passes."""

from __future__ import annotations

from access_control.model import Action, Actor, ActorKind, Decision, Purpose, Resource
from access_control.rules.contract import reads_under_contract
from access_control.rules.office import followed_by_office
from access_control.rules.role import role_permits
from access_control.rules.site import own_site

# Which of them a peer may use at all is said by its settings, when it asks for an association.
_PEER_ACTIONS = frozenset(
    {
        Action.STUDY_STORE,
        Action.STUDY_VIEW,
        Action.REQUEST_LIST,
        Action.PROCEDURE_REPORT,
        Action.STUDY_COMMIT,
    }
)
_PEER_ACTIONS_UNDER_CONTRACT = frozenset({Action.STUDY_VIEW})


def decide(actor: Actor, action: Action, resource: Resource, purpose: Purpose = Purpose.READING) -> Decision:
    """Whether `actor` may do `action` to `resource` for `purpose`; denied unless a rule says otherwise.

    A read that the treating facility asked for needs no network consent; nothing else is open yet,
    so every purpose but READING is denied.
    """
    if purpose is not Purpose.READING:
        return Decision(False, f"purpose {purpose} is not open", visible=False)
    near = own_site(actor, resource)
    under_contract = reads_under_contract(actor, action, resource)
    if actor.kind is ActorKind.PEER:
        if near and action in _PEER_ACTIONS:
            return Decision(True, "peer of the own site")
        if action in _PEER_ACTIONS_UNDER_CONTRACT and resource.site_code in actor.reads_for:
            return Decision(True, "peer of the reading site")
        return Decision(False, "a DICOM peer acts for its own site only", visible=near)
    if actor.kind is ActorKind.OPERATOR:
        return Decision(True, "operator of this installation")
    followed = followed_by_office(actor, action, resource)
    if not (near or under_contract or followed):
        return Decision(False, "another site's, and no contract", visible=False)
    if actor.role is None or not role_permits(actor.role, action):
        return Decision(False, f"the role {actor.role} does not {action}")
    if near:
        return Decision(True, "own site")
    return Decision(True, "reading contract" if under_contract else "followed by the office")


def visible_sites(actor: Actor, action: Action) -> frozenset[str]:
    """The codes of all sites whose things `actor` may do `action` to: the access rule inside a query."""
    candidates = {actor.site_code, *actor.reads_for, *actor.follows}
    return frozenset(code for code in candidates if decide(actor, action, Resource(label="list", site_code=code)))
