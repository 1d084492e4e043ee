"""The JSON of the operations on peers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from access_control.web.errors import TextOut
from pacs_node.peers.model import OnDifferentContent
from pacs_node.peers.settings import read_address, read_networks, read_services

_Line = Annotated[str, msgspec.Meta(max_length=300)]
_Rule = Annotated[str, msgspec.Meta(max_length=1000)]
_Lines = Annotated[list[_Line], msgspec.Meta(max_length=200)]


class SettingsIn(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting of a peer, as `peers.settings.told` writes them."""

    site_code: _Line
    address: _Line = ""
    enabled: bool = True
    services: _Lines = []
    networks: _Lines = []
    certificate: Annotated[str, msgspec.Meta(max_length=20_000)] = ""
    contracts: bool = False
    max_associations: int | None = None
    max_rate: int | None = None
    quiet_period: float | None = None
    tls: bool = False
    ask_commitment: bool = False
    accepts: _Lines = []
    answers_in: _Line = ""
    character_set: _Line = ""
    on_different_content: OnDifferentContent = OnDifferentContent.REJECT
    max_instance: int | None = None
    coercions: Annotated[list[_Rule], msgspec.Meta(max_length=100)] = []
    issuers: _Lines = []

    def settings(self) -> dict[str, Any]:
        """As PeerDirectory takes them. Raises the kinds of WrongPeerSetting."""
        return {
            "site_code": self.site_code,
            "address": read_address(self.address),
            "enabled": self.enabled,
            "services": read_services(self.services),
            "networks": read_networks(self.networks),
            "certificate": self.certificate,
            "contracts": self.contracts,
            "max_associations": self.max_associations,
            "max_rate": self.max_rate,
            "quiet_period": self.quiet_period,
            "tls": self.tls,
            "ask_commitment": self.ask_commitment,
            "accepts": tuple(word for word in self.accepts if word.strip()),
            "answers_in": self.answers_in,
            "character_set": self.character_set,
            "on_different_content": self.on_different_content,
            "max_instance": self.max_instance,
            "coercions": tuple(rule for rule in self.coercions if rule.strip()),
            "issuers": tuple(line for line in self.issuers if line.strip()),
        }


class NewPeer(msgspec.Struct, frozen=True):
    """An AE title and what it may do."""

    ae_title: _Line
    settings: SettingsIn


class PeerChange(msgspec.Struct, frozen=True):
    """Other settings for a peer as it was at `revision`."""

    revision: int
    settings: SettingsIn


class SiteOut(msgspec.Struct, frozen=True):
    """A site."""

    code: str
    name: str


class RefusedOut(msgspec.Struct, frozen=True):
    """Associations that were refused under an AE title in the last seven days; `why` is a fixed word."""

    ae_title: str
    count: int
    last_at: datetime
    why: str
    reason: str
    host: str


class SeenOut(msgspec.Struct, frozen=True):
    """The last association of a peer."""

    at: datetime
    host: str


class PeerOut(msgspec.Struct, frozen=True):
    """A peer; `settings` has the members of SettingsIn."""

    ae_title: str
    site: SiteOut
    settings: SettingsIn
    reads_for: list[SiteOut]
    revision: int
    added_at: datetime | None
    last_seen: SeenOut | None
    refused: RefusedOut | None


class PeerPage(msgspec.Struct, frozen=True):
    """All peers, the strangers that were turned away lately, and the sites that there are."""

    peers: list[PeerOut]
    strangers: list[RefusedOut]
    sites: list[SiteOut]
    our_ae_title: str


class ChangedSetting(msgspec.Struct, frozen=True):
    """One setting before and after, as in SettingsIn; null where there was, or is, no peer."""

    name: str
    before: Any
    after: Any


class ChangeOut(msgspec.Struct, frozen=True):
    """A deed to a peer's settings: add, change or remove."""

    at: datetime
    actor: str
    deed: str
    changes: list[ChangedSetting]


class PeerHistory(msgspec.Struct, frozen=True):
    """What was done under an AE title, the newest first."""

    changes: list[ChangeOut]


class EchoOut(msgspec.Struct, frozen=True):
    """What came of trying a peer by C-ECHO; `kind` is a fixed word."""

    well: bool
    kind: str
    told: TextOut
    next_step: TextOut
    detail: str
    reply_ms: float | None
