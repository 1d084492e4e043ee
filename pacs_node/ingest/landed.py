"""What the landing log says of an instance beside its bytes: enough to take it in again as it came."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Any, get_args

from access_control.model import Actor, ActorKind, Role
from pacs_node.ingest.work import Channel, Incoming
from pacs_node.peers.model import IntakeRules, OnDifferentContent

_MOST_REMEMBERED = 1000
_VERSION = 1
_FILE = re.compile(r"([0-9a-f]{8,32}:)?\d{4}/\d{2}/\d{2}/[0-9a-f]{32}/[0-9a-f]{32}\.dcm", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """Where the file is, by its name in the archive, who sent it, and by which rules it was taken."""

    file: str
    sender: Actor
    channel: Channel
    rules: IntakeRules


def file_of(facts: bytes) -> str | None:
    """The name of the file, which stands in the first line whatever release wrote the facts; None: there is none."""
    file = facts.partition(b"\n")[0].decode(errors="replace")
    return file if _FILE.fullmatch(file) else None


class Facts:
    """Writes facts; what those of one sender have in common is written once. For one thread at a time."""

    def __init__(self) -> None:
        self._known: dict[tuple[Actor, Channel, IntakeRules], bytes] = {}

    def of(self, file: str, incoming: Incoming) -> bytes:
        """The facts of an instance whose file has this name in the archive."""
        key = incoming.sender, incoming.channel, incoming.rules
        said = self._known.get(key)
        if said is None:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            said = self._known[key] = _written(*key)
        return f"{file}\n".encode() + said


def read_facts(facts: bytes) -> Landed:
    """Read what `Facts` has written. Raises ValueError where it was not."""
    file, _, said = facts.partition(b"\n")
    try:
        values = json.loads(said)
        if values["version"] != _VERSION:
            raise ValueError(f"facts of version {values['version']}")
        return Landed(
            file=file.decode(),
            sender=_actor(values["sender"]),
            channel=_channel(values["channel"]),
            rules=_rules(values["rules"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no facts of an instance: {error!r}") from error


def _written(sender: Actor, channel: Channel, rules: IntakeRules) -> bytes:
    values = {"version": _VERSION, "sender": asdict(sender), "channel": channel, "rules": asdict(rules)}
    return json.dumps(values, ensure_ascii=False, default=sorted).encode()  # sets are what JSON does not have


def _actor(values: dict[str, Any]) -> Actor:
    role = values["role"]
    sets = {name: frozenset(values[name]) for name in ("reads_for", "follows")}
    return Actor(**{**values, **sets, "kind": ActorKind(values["kind"]), "role": None if role is None else Role(role)})


def _rules(values: dict[str, Any]) -> IntakeRules:
    lists = {name: tuple(values[name]) for name in ("coercions", "issuers")}
    return IntakeRules(
        **{**values, **lists, "on_different_content": OnDifferentContent(values["on_different_content"])}
    )


def _channel(value: str) -> Channel:
    known: dict[str, Channel] = {each: each for each in get_args(Channel)}
    return known[value]
