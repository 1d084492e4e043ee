"""The region's secretariat (事務局) follows every site's cases; it sees no images and no report texts."""

from __future__ import annotations

from access_control.model import Action, Actor, Resource, Role


def followed_by_office(actor: Actor, action: Action, resource: Resource) -> bool:
    """Whether the secretariat may see that this site's case exists, and where it stands."""
    return actor.role is Role.SECRETARIAT and action is Action.CASE_LIST and resource.site_code in actor.follows
