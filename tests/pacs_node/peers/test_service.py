"""Proves that peers are known by AE title, one site each, and that what is wrong is named."""

from __future__ import annotations

import pytest

from access_control.model import ActorKind
from pacs_node.peers.errors import PeerKnown, WrongAeTitle
from shared_kernel.settings import Address
from tests.pacs_node.conftest import Hub


def test_a_peer_acts_for_its_site(hub: Hub) -> None:
    with hub.database.write() as session:
        added = hub.peers.add(session, " MINATO_CT ", "CLINIC", Address("10.0.0.5", 104))
    assert ("MINATO_CT", "CLINIC", Address("10.0.0.5", 104)) == (added.ae_title, added.site_code, added.address)
    found = hub.peers.find("MINATO_CT  ")
    assert found is not None
    actor = found.actor("1")
    assert (ActorKind.PEER, "ae:MINATO_CT", "CLINIC", None) == (actor.kind, actor.login, actor.site_code, actor.role)
    with hub.database.read() as session:
        assert [added] == hub.peers.peers(session)


@pytest.mark.parametrize("stranger", ["", "minato_ct", "MINATO", "x" * 200, "\x00"])
def test_strangers_are_not_known(hub: Hub, stranger: str) -> None:
    with hub.database.write() as session:
        hub.peers.add(session, "MINATO_CT", "CLINIC")
    assert hub.peers.find(stranger) is None


def test_a_title_is_given_once(hub: Hub) -> None:
    with hub.database.write() as session:
        hub.peers.add(session, "MINATO_CT", "CLINIC")
    with pytest.raises(PeerKnown), hub.database.write() as session:
        hub.peers.add(session, "MINATO_CT", "OTHER")


@pytest.mark.parametrize("title", ["", "seventeen letters", "a\\b", "診療所"])
def test_what_is_no_title_is_refused(hub: Hub, title: str) -> None:
    with pytest.raises(WrongAeTitle), hub.database.write() as session:
        hub.peers.add(session, title, "CLINIC")
