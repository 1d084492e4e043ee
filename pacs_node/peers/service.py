"""DICOM peers: known by AE title or not let in."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from access_control.model import OPERATOR, Actor
from access_control.tables import ContractRow, SiteRow
from pacs_node.peers.errors import (
    CertificateNotAskedFor,
    NoSuchPeer,
    PeerKnown,
    StalePeer,
    WrongAeTitle,
    WrongIssuer,
)
from pacs_node.peers.history import note
from pacs_node.peers.model import IntakeRules, OnDifferentContent, Peer, Service, networks
from pacs_node.peers.settings import with_settings
from pacs_node.peers.tables import DicomPeerRow
from shared_kernel.clock import Clock
from shared_kernel.database import Database
from shared_kernel.settings import Address, ae_title

__all__ = ["Peer", "PeerDirectory", "Service"]


class PeerDirectory:
    """Who may open an association, and to whom the hub opens one.

    Nothing is remembered between questions: a peer that another process adds or moves counts from the
    next association on. `asks_certificates` says whether the hub asks clients for certificates (settings `dicom_tls`
    and `tls_client_ca`): else no peer can be held to one.
    """

    def __init__(self, database: Database, clock: Clock, *, asks_certificates: bool = True) -> None:
        self._database = database
        self._clock = clock
        self._asks_certificates = asks_certificates

    def find(self, title: str) -> Peer | None:
        """The peer of this AE title, disabled ones too; None for a stranger.

        AE titles are compared to the letter, outer spaces aside (PS3.8 table 9-11).
        """
        if not title.isprintable():  # a control character is in no AE title (PS3.5 6.2), and a NUL in no text column
            return None
        with self._database.read() as session:
            row = session.get(DicomPeerRow, title.strip())
            return None if row is None else _with_site(session, row)

    def add(
        self,
        session: Session,
        ae_title: str,
        site_code: str,
        address: Address | None = None,
        *,
        by: Actor = OPERATOR,
        **settings: Any,
    ) -> Peer:
        """Let a peer in for a site, in the caller's transaction; `settings` are further fields of Peer and IntakeRules.

        The caller has made sure of the site. Raises WrongAeTitle, PeerKnown and the kinds of WrongPeerSetting.
        """
        title = _ae_title(ae_title)
        if session.get(DicomPeerRow, title) is not None:
            raise PeerKnown(ae_title=title)
        peer = with_settings(Peer(ae_title=title, site_code=site_code, address=address), settings)
        self._check_certificate(peer)
        _require_issuers(session, peer)
        row = DicomPeerRow(ae_title=title, added_at=self._clock.now(), revision=1)
        _write(row, peer)
        session.add(row)
        session.flush()
        note(session, by, None, peer, self._clock)
        return _with_site(session, row)

    def change(
        self, session: Session, ae_title: str, *, by: Actor = OPERATOR, revision: int | None = None, **settings: Any
    ) -> Peer:
        """Give a peer other settings, in the caller's transaction; they count from its next association on.

        `revision`, where given, is that of the peer as the caller has seen it. The caller has made sure of a new site.
        Raises NoSuchPeer, StalePeer and the kinds of WrongPeerSetting.
        """
        row = _row(session, ae_title)
        if revision is not None and revision != row.revision:
            raise StalePeer(ae_title=row.ae_title)
        before = _with_site(session, row)
        after = with_settings(before, settings)
        if after.certificate != before.certificate:
            self._check_certificate(after)
        _require_issuers(session, after)
        if note(session, by, before, after, self._clock):
            _write(row, after)
            row.revision += 1
            session.flush()
        return _with_site(session, row)

    def _check_certificate(self, peer: Peer) -> None:
        if peer.certificate and not self._asks_certificates:
            raise CertificateNotAskedFor(field="certificate")

    def remove(self, session: Session, ae_title: str, *, by: Actor = OPERATOR) -> None:
        """Let a peer in no more. What it has sent stays, under its AE title, and so does its history.

        Raises NoSuchPeer.
        """
        row = _row(session, ae_title)
        note(session, by, _with_site(session, row), None, self._clock)
        session.delete(row)
        session.flush()

    def get(self, session: Session, ae_title: str) -> Peer:
        """The peer of this AE title, as the caller's transaction sees it. Raises NoSuchPeer."""
        return _with_site(session, _row(session, ae_title))

    def peers(self, session: Session) -> list[Peer]:
        """All peers, by AE title."""
        rows = session.scalars(select(DicomPeerRow).order_by(DicomPeerRow.ae_title)).all()
        return [_with_site(session, row) for row in rows]


def _ae_title(value: str) -> str:
    try:
        title = ae_title(value)
    except ValueError as error:
        raise WrongAeTitle(ae_title=value[:32]) from error
    if not title.strip("."):  # `..` can't be named in a URL
        raise WrongAeTitle(ae_title=title)
    return title


def _require_issuers(session: Session, peer: Peer) -> None:
    for line in peer.intake.issuers:
        if session.get(SiteRow, line.rpartition("=")[2]) is None:
            raise WrongIssuer(field="issuers", value=line[:100])


def _row(session: Session, title: str) -> DicomPeerRow:
    row = session.get(DicomPeerRow, title.strip())
    if row is None:
        raise NoSuchPeer(ae_title=title[:32])
    return row


def _with_site(session: Session, row: DicomPeerRow) -> Peer:
    site = session.get(SiteRow, row.site_code)
    clinics: frozenset[str] = frozenset()
    if row.contracts:
        clinics = frozenset(session.scalars(select(ContractRow.clinic_code).filter_by(hospital_code=row.site_code)))
    return Peer(
        ae_title=row.ae_title,
        site_code=row.site_code,
        site_name=site.name if site else row.site_code,
        address=Address(row.host, row.port) if row.host is not None and row.port is not None else None,
        enabled=row.enabled,
        services=frozenset(Service(word) for word in row.services.split()),
        networks=networks(row.networks.split()),
        certificate=row.certificate,
        contracts=row.contracts,
        reads_for=clinics,
        max_associations=row.max_associations,
        max_rate=row.max_rate,
        quiet_period=row.quiet_period,
        tls=row.tls,
        ask_commitment=row.ask_commitment,
        revision=row.revision,
        added_at=row.added_at,
        accepts=tuple(row.accepts.split()),
        answers_in=row.answers_in,
        intake=IntakeRules(
            character_set=row.character_set,
            on_different_content=OnDifferentContent(row.on_different_content),
            max_instance=row.max_instance,
            coercions=tuple(json.loads(row.coercions)),
            issuers=_issuers(row.issuers),
        ),
    )


def _issuers(text: str) -> tuple[str, ...]:
    """A JSON list; rows that nobody has changed since have a line for each, and none of those is JSON."""
    try:
        return tuple(json.loads(text))
    except ValueError:
        return tuple(line for line in text.split("\n") if line)


def _write(row: DicomPeerRow, peer: Peer) -> None:
    row.site_code = peer.site_code
    row.host, row.port = peer.address or (None, None)
    row.enabled = peer.enabled
    row.services = " ".join(sorted(peer.services))
    row.networks = " ".join(map(str, peer.networks))
    row.certificate = peer.certificate
    row.contracts = peer.contracts
    row.max_associations = peer.max_associations
    row.max_rate = peer.max_rate
    row.quiet_period = peer.quiet_period
    row.tls = peer.tls
    row.ask_commitment = peer.ask_commitment
    row.accepts = " ".join(peer.accepts)
    row.answers_in = peer.answers_in
    row.character_set = peer.intake.character_set
    row.on_different_content = peer.intake.on_different_content
    row.max_instance = peer.intake.max_instance
    row.issuers = json.dumps(list(peer.intake.issuers), ensure_ascii=False)
    row.coercions = json.dumps(list(peer.intake.coercions), ensure_ascii=False)
