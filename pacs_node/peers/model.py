"""A DICOM peer and what it may do here. Pure values; deny by default."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from access_control.model import Actor, ActorKind
from shared_kernel.settings import Address

UNDECLARED = frozenset({"SHIFT_JIS", "EUC-JP"})
"""Not the standard's character sets, but what devices send that declare nothing; none of them can be answered in."""
Network = IPv4Network | IPv6Network


class Service(StrEnum):
    """What a peer can be let do; verification is everybody's who is let in."""

    STORE = "store"
    """C-STORE to the hub (PS3.4 annexes B and GG)."""
    FIND = "find"
    """C-FIND of the Query/Retrieve service class (PS3.4 annex C)."""
    MOVE = "move"
    """C-MOVE, to itself and to other peers of the sites that it may see."""
    GET = "get"
    """C-GET."""
    COMMITMENT = "commitment"
    """Storage Commitment, push model (PS3.4 annex J)."""
    WORKLIST = "worklist"
    """Modality Worklist (PS3.4 annex K)."""
    MPPS = "mpps"
    """Modality Performed Procedure Step (PS3.4 annex F)."""


class OnDifferentContent(StrEnum):
    """What happens to an instance whose SOP Instance UID is stored with other bytes."""

    REJECT = "reject"
    """It is refused with status 0111; the first one stays."""
    NEW_VERSION = "new-version"
    """It becomes the current version; the earlier one is kept, with its history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeRules:
    """What ingest does with the instances of one sender."""

    character_set: str = ""
    """SpecificCharacterSet by which the index reads texts, whatever the instance declares; empty: as declared."""
    on_different_content: OnDifferentContent = OnDifferentContent.REJECT
    max_instance: int | None = None
    """Bytes of one instance; None: the hub's own limit. The smaller of the two counts."""
    coercions: tuple[str, ...] = ()
    """Rules that change the index copy of attributes, in the notation of `peers.coercion`."""
    issuers: tuple[str, ...] = ()
    """`ISSUER=SITE`: whose patients the sender may name by IssuerOfPatientID; all others are its own site's."""

    def site_of_issuer(self, issuer: str) -> str:
        """Code of the site whose patient an IssuerOfPatientID names; empty for one that is not trusted, or none."""
        trusted = dict(line.rsplit("=", 1) for line in self.issuers)
        return trusted.get(issuer, "") if issuer else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A DICOM peer, the site that it acts for, where it listens if it does, and what it may do."""

    ae_title: str
    site_code: str
    address: Address | None = None
    site_name: str = ""
    enabled: bool = True
    services: frozenset[Service] = frozenset({Service.STORE})
    networks: tuple[Network, ...] = ()
    """Addresses that it may come from; empty: any."""
    certificate: str = ""
    """SHA-256 of the client certificate that it must show, hexadecimal; empty: none is asked for."""
    contracts: bool = False
    """Whether it sees the studies of clinics that its site reads for, beside those of its own site."""
    reads_for: frozenset[str] = field(default_factory=frozenset)
    """Codes of those clinics, as of now; empty unless `contracts`."""
    max_associations: int | None = None
    """At once; None: the hub's limit alone."""
    max_rate: int | None = None
    """Bytes per second that are taken from all its associations together; None: as fast as it comes."""
    quiet_period: float | None = None
    """Seconds without a new image after which a study of its has arrived; None: the hub's setting."""
    tls: bool = False
    """Whether associations to it are opened with TLS."""
    ask_commitment: bool = False
    """Whether it is asked to commit to what it was sent, when an order to send is over."""
    accepts: tuple[str, ...] = ()
    """Transfer syntax UIDs to transcode to when sending to it; empty: what is stored, as far as it accepts that."""
    answers_in: str = ""
    """The SpecificCharacterSet that answers to its queries come in, and no other; empty: see `answer_set`."""
    intake: IntakeRules = field(default_factory=IntakeRules)
    revision: int = field(default=1, compare=False)
    """How often it was changed, and one."""
    added_at: datetime | None = field(default=None, compare=False)

    def may(self, service: Service) -> bool:
        """Whether it may use a service."""
        return self.enabled and service in self.services

    def answer_set(self, declared: str) -> str:
        """SpecificCharacterSet that its answers go in: its own, that of its texts, or what its request has declared."""
        spoken = self.intake.character_set
        return self.answers_in or ("" if spoken in UNDECLARED else spoken) or declared

    def may_come_from(self, host: str) -> bool:
        """Whether `host`, an IP address, is one that it may come from."""
        if not self.networks:
            return True
        try:
            address: IPv4Address | IPv6Address = ip_address(host.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self.networks)

    def actor(self, session_id: str) -> Actor:
        """The peer as somebody who acts, in the association `session_id`."""
        return Actor(
            kind=ActorKind.PEER,
            login=f"ae:{self.ae_title}",
            name=self.ae_title,
            role=None,
            site_code=self.site_code,
            site_name=self.site_name or self.site_code,
            session_id=session_id,
            reads_for=self.reads_for,
        )


def networks(values: Iterable[str]) -> tuple[Network, ...]:
    """Read addresses and networks such as `10.1.2.3` or `10.1.2.0/24`. Raises ValueError."""
    return tuple(ip_network(value.strip(), strict=False) for value in values if value.strip())
