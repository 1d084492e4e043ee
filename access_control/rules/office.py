"""The region's secretariat (事務局) follows every site's cases and patients' names; it sees no images, no reports."""

from __future__ import annotations

from access_control.model import Action, Actor, Resource, Role

FOLLOWED = frozenset({Action.CASE_LIST, Action.PATIENT_RESOLVE})


def followed_by_office(actor: Actor, action: Action, resource: Resource) -> bool:
    """Whether the secretariat may see that this site's case exists, where it stands, and say who its patient is."""
    return actor.role is Role.SECRETARIAT and action in FOLLOWED and resource.site_code in actor.follows
