"""Who acts when a command is typed on the hub's own machine."""

from __future__ import annotations

from access_control.model import Actor, ActorKind


def operator_of_all() -> Actor:
    """The operator, for deeds that are about no site in particular."""
    return Actor(
        kind=ActorKind.OPERATOR,
        login="operator",
        name="operator",
        role=None,
        site_code="",
        site_name="",
        session_id="command-line",
    )
