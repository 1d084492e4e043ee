"""DICOM peers: known by AE title or not let in."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from access_control.model import Actor, ActorKind
from access_control.tables import SiteRow
from pacs_node.peers.errors import PeerKnown, WrongAeTitle
from pacs_node.peers.tables import DicomPeerRow
from shared_kernel.clock import Clock
from shared_kernel.database import Database
from shared_kernel.settings import Address, ae_title


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A DICOM peer, the site that it acts for, and where it listens, if it does."""

    ae_title: str
    site_code: str
    address: Address | None


class PeerDirectory:
    """Who may open an association.

    Nothing is remembered between questions: a peer that another process adds or moves counts from the
    next association on.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def known(self, calling_ae: str) -> Actor | None:
        """The peer of this AE title as an actor for its site; None for a stranger.

        AE titles are compared to the letter, outer spaces aside (PS3.8 table 9-11). The actor's
        session is empty: the node gives each association one of its own.
        """
        with self._database.read() as session:
            peer = session.get(DicomPeerRow, calling_ae.strip())
            if peer is None:
                return None
            site = session.get(SiteRow, peer.site_code)
        return Actor(
            kind=ActorKind.PEER,
            login=f"ae:{peer.ae_title}",
            name=peer.ae_title,
            role=None,
            site_code=peer.site_code,
            site_name=site.name if site else peer.site_code,
            session_id="",
        )

    def add(self, session: Session, ae_title: str, site_code: str, address: Address | None = None) -> Peer:
        """Let a peer in for a site, in the caller's transaction. Raises WrongAeTitle, PeerKnown."""
        title = _ae_title(ae_title)
        if session.get(DicomPeerRow, title) is not None:
            raise PeerKnown(ae_title=title)
        row = DicomPeerRow(
            ae_title=title,
            site_code=site_code,
            host=address.host if address else None,
            port=address.port if address else None,
            added_at=self._clock.now(),
        )
        session.add(row)
        session.flush()
        return _peer(row)

    def peers(self, session: Session) -> list[Peer]:
        """All peers, by AE title."""
        return [_peer(row) for row in session.scalars(select(DicomPeerRow).order_by(DicomPeerRow.ae_title))]


def _ae_title(value: str) -> str:
    try:
        return ae_title(value)
    except ValueError as error:
        raise WrongAeTitle(ae_title=value[:32]) from error


def _peer(row: DicomPeerRow) -> Peer:
    address = Address(row.host, row.port) if row.host is not None and row.port is not None else None
    return Peer(ae_title=row.ae_title, site_code=row.site_code, address=address)
