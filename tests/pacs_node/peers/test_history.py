"""Proves that a change counts at once, is written down, and that nothing is overwritten unseen."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from pacs_node.peers.errors import NoSuchPeer, StalePeer, UnknownTransferSyntax
from pacs_node.peers.history import history
from pacs_node.peers.model import Service
from pacs_node.peers.tables import DicomPeerChangeRow
from shared_kernel.audit.tables import AuditRow
from shared_kernel.audit.trail import first_broken_link
from shared_kernel.settings import Address
from tests.pacs_node.conftest import Hub, peer


def trail(hub: Hub) -> list[tuple[str, str, str]]:
    with hub.database.read() as session:
        assert first_broken_link(session) is None
        rows = session.scalars(select(AuditRow).where(AuditRow.action.startswith("peer.")).order_by(AuditRow.number))
        return [(row.actor, f"{row.action} {row.resource}", row.reason) for row in rows]


def test_the_life_of_a_peer(hub: Hub) -> None:
    with hub.database.write() as session:
        hub.peers.add(session, "CT1", "CLINIC", services=frozenset())
    with hub.database.write() as session:
        changed = hub.peers.change(
            session,
            "CT1",
            by=peer(),
            address=Address("10.0.0.5", 104),
            services=frozenset({Service.FIND}),
            max_instance=10**6,
        )
    assert hub.peers.find("CT1") == changed
    assert (changed.services, changed.intake.max_instance, changed.revision) == ({Service.FIND}, 10**6, 2)
    with hub.database.write() as session:
        hub.peers.remove(session, "CT1", by=peer())
    assert hub.peers.find("CT1") is None

    with hub.database.read() as session:
        removed, change, added = history(session, "CT1")
    assert [removed.deed, change.deed, added.deed] == ["remove", "change", "add"]
    assert change.changes == {
        "address": ("", "10.0.0.5:104"),
        "services": ([], ["find"]),
        "max_instance": (None, 10**6),
    }
    assert (change.actor, change.at, added.actor) == ("ae:CLINIC_CT", hub.clock.now(), "operator")
    assert added.changes["site_code"] == (None, "CLINIC")
    assert removed.changes["address"] == ("10.0.0.5:104", None)

    assert [line[:2] for line in trail(hub)] == [
        ("operator", "peer.add peer/CT1"),
        ("ae:CLINIC_CT", "peer.change peer/CT1"),
        ("ae:CLINIC_CT", "peer.remove peer/CT1"),
    ]
    assert "services: - → find" in trail(hub)[1][2]


def test_what_changes_nothing_leaves_no_trace(hub: Hub) -> None:
    with hub.database.write() as session:
        hub.peers.add(session, "CT1", "CLINIC", tls=True)
    with hub.database.write() as session:
        assert hub.peers.change(session, "CT1", tls=True).revision == 1
    assert len(trail(hub)) == 1


def test_a_wrong_setting_changes_nothing(hub: Hub) -> None:
    with hub.database.write() as session:
        hub.peers.add(session, "CT1", "CLINIC")
    with pytest.raises(UnknownTransferSyntax), hub.database.write() as session:
        hub.peers.change(session, "CT1", tls=True, accepts=("nonsense",))
    found = hub.peers.find("CT1")
    assert found is not None
    assert not found.tls
    assert len(trail(hub)) == 1


def test_nobody_overwrites_what_they_have_not_seen(hub: Hub) -> None:
    with hub.database.write() as session:
        seen = hub.peers.add(session, "CT1", "CLINIC")
        hub.peers.change(session, "CT1", tls=True)
    with pytest.raises(StalePeer), hub.database.write() as session:
        hub.peers.change(session, "CT1", revision=seen.revision, tls=False)


def test_a_peer_that_is_not_there_is_named(hub: Hub) -> None:
    for deed in (hub.peers.change, hub.peers.remove, hub.peers.get):
        with pytest.raises(NoSuchPeer), hub.database.write() as session:
            deed(session, "NOBODY")


def test_a_title_given_anew_has_its_whole_history(hub: Hub) -> None:
    with hub.database.write() as session:
        hub.peers.add(session, "CT1", "CLINIC")
        hub.peers.remove(session, "CT1")
        again = hub.peers.add(session, "CT1", "OTHER")
        assert again.revision == 1
        assert [change.deed for change in history(session, "CT1")] == ["add", "remove", "add"]
        assert len(session.scalars(select(DicomPeerChangeRow)).all()) == 3
