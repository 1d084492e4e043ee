"""What an administrator does with peers in the browser: each deed asks for access first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import msgspec
from sqlalchemy.orm import Session

from access_control.directory import Directory
from access_control.gate import AccessGate
from access_control.model import Action, Actor, Resource
from access_control.web.errors import TextOut
from pacs_node.peers import wire
from pacs_node.peers.echo import EchoResult
from pacs_node.peers.history import history
from pacs_node.peers.model import Peer
from pacs_node.peers.service import PeerDirectory
from pacs_node.peers.settings import told
from pacs_node.peers.sightings import Refused, Seen, last_seen, refused
from shared_kernel.clock import Clock
from shared_kernel.database import Database

_LATELY = timedelta(days=7)
# Somebody who tries title after title fills no page; the newest are those that a person waits for.
_MOST_STRANGERS = 20


class PeerAdministration:
    """Lists, adds, changes, removes and tries peers for people who may administer; shows nothing clinical."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        gate: AccessGate,
        directory: Directory,
        peers: PeerDirectory,
        *,
        try_peer: Callable[[Peer], EchoResult],
        our_ae_title: str,
    ) -> None:
        self._database = database
        self._clock = clock
        self._gate = gate
        self._directory = directory
        self._peers = peers
        self._try_peer = try_peer
        self._our_ae_title = our_ae_title

    def page(self, actor: Actor) -> wire.PeerPage:
        """Every peer with when it came and was refused, and the newest 20 strangers that knocked. Raises Forbidden."""
        self._require(actor, "peers")
        with self._database.read() as session:
            peers = self._peers.peers(session)
            seen = last_seen(session, [each.ae_title for each in peers])
            lately = {each.ae_title: each for each in refused(session, self._clock.now() - _LATELY)}
            sites = [wire.SiteOut(site.code, site.name) for site in self._directory.sites(session)]
            names = {site.code: site.name for site in sites}
        known = {each.ae_title for each in peers}
        strangers = [_refused(each) for title, each in lately.items() if title not in known]
        return wire.PeerPage(
            peers=[_peer(each, names, seen.get(each.ae_title), lately.get(each.ae_title)) for each in peers],
            strangers=strangers[:_MOST_STRANGERS],
            sites=sites,
            our_ae_title=self._our_ae_title,
        )

    def add(self, actor: Actor, new: wire.NewPeer) -> wire.PeerOut:
        """Register a peer. Raises Forbidden, NoSuchSite, WrongAeTitle, PeerKnown, WrongPeerSetting."""
        self._require(actor, "peers")
        settings = new.settings.settings()
        with self._database.write() as session:
            self._directory.site(session, new.settings.site_code)
            made = self._peers.add(session, new.ae_title, by=actor, **settings)
            return self._shown(session, made)

    def change(self, actor: Actor, ae_title: str, change: wire.PeerChange) -> wire.PeerOut:
        """Give a peer other settings. Raises Forbidden, NoSuchPeer, NoSuchSite, StalePeer, WrongPeerSetting."""
        self._require(actor, f"peer/{ae_title[:16]}")
        settings = change.settings.settings()
        with self._database.write() as session:
            before = self._peers.get(session, ae_title)
            if before.site_code != change.settings.site_code:
                self._directory.site(session, change.settings.site_code)
            after = self._peers.change(session, ae_title, by=actor, revision=change.revision, **settings)
            return self._shown(session, after)

    def remove(self, actor: Actor, ae_title: str) -> None:
        """Let a peer in no more. Raises Forbidden, NoSuchPeer."""
        self._require(actor, f"peer/{ae_title[:16]}")
        with self._database.write() as session:
            self._peers.remove(session, ae_title, by=actor)

    def history(self, actor: Actor, ae_title: str) -> wire.PeerHistory:
        """What was done under an AE title, also of a peer that is gone. Raises Forbidden."""
        self._require(actor, f"peer/{ae_title[:16]}")
        with self._database.read() as session:
            changes = history(session, ae_title)
        return wire.PeerHistory(
            [
                wire.ChangeOut(
                    at=change.at,
                    actor=change.actor,
                    deed=change.deed,
                    changes=[wire.ChangedSetting(name, *pair) for name, pair in change.changes.items()],
                )
                for change in changes
            ]
        )

    def echo(self, actor: Actor, ae_title: str) -> wire.EchoOut:
        """Try a peer by C-ECHO at its address. Raises Forbidden, NoSuchPeer."""
        self._require(actor, f"peer/{ae_title[:16]}")
        with self._database.read() as session:
            peer = self._peers.get(session, ae_title)
        result = self._try_peer(peer)
        return wire.EchoOut(
            well=result.well,
            kind=result.kind,
            told=TextOut(*result.told),
            next_step=TextOut(*result.next_step),
            detail=result.detail,
            reply_ms=result.reply_ms,
        )

    def _require(self, actor: Actor, label: str) -> None:
        # Peers are administered for the whole region: the thing is the hub's, wherever the administrator works.
        self._gate.require(actor, Action.ADMINISTER, Resource(label=label, site_code=actor.site_code))

    def _shown(self, session: Session, peer: Peer) -> wire.PeerOut:
        names = {site.code: site.name for site in self._directory.sites(session)}
        lately = {each.ae_title: each for each in refused(session, self._clock.now() - _LATELY)}
        return _peer(peer, names, last_seen(session, [peer.ae_title]).get(peer.ae_title), lately.get(peer.ae_title))


def _peer(peer: Peer, names: dict[str, str], seen: Seen | None, lately: Refused | None) -> wire.PeerOut:
    return wire.PeerOut(
        ae_title=peer.ae_title,
        site=wire.SiteOut(peer.site_code, peer.site_name),
        settings=msgspec.convert(told(peer), wire.SettingsIn),
        reads_for=[wire.SiteOut(code, names.get(code, code)) for code in sorted(peer.reads_for)],
        revision=peer.revision,
        added_at=peer.added_at,
        last_seen=wire.SeenOut(seen.at, seen.host) if seen else None,
        refused=_refused(lately) if lately else None,
    )


def _refused(one: Refused) -> wire.RefusedOut:
    return wire.RefusedOut(one.ae_title, one.count, one.last_at, one.why.value, one.reason, one.host)
