"""A site's things are its own people's; no other site learns of them by this rule."""

from __future__ import annotations

from access_control.model import Actor, Resource


def own_site(actor: Actor, resource: Resource) -> bool:
    """Whether the thing belongs to the actor's own site."""
    return actor.site_code == resource.site_code
