"""Proves that who came and who was turned away is found in the audit trail, by index and not by reading all of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pynetdicom import AE
from sqlalchemy import event

from access_control.model import Action, Resource
from pacs_node.peers.model import Peer
from pacs_node.peers.sightings import Refused, Why, last_seen, refused, why
from tests.pacs_node.conftest import CLINIC_AE, Hub


def associate(address: tuple[str, int], calling: str, called: str = "DOKUEI") -> bool:
    ae = AE(ae_title=calling)
    ae.add_requested_context("1.2.840.10008.1.1")
    association = ae.associate(*address, ae_title=called)
    let_in = association.is_established
    if let_in:
        association.release()
    return let_in


def lately(hub: Hub) -> dict[str, Refused]:
    with hub.database.read() as session:
        return {one.ae_title: one for one in refused(session, hub.clock.now() - timedelta(days=7))}


def test_what_the_node_wrote_is_understood(hub: Hub, address: tuple[str, int]) -> None:
    with hub.database.write() as session:
        hub.peers.add(session, "SECRET", "CLINIC", certificate="ab" * 32)
        hub.peers.add(session, "OFF", "CLINIC", enabled=False)
        hub.peers.add(session, "FAR", "CLINIC", networks=("192.0.2.0/24",))
    assert associate(address, CLINIC_AE)
    for title in ("STRANGER", "STRANGER", "OFF", "FAR", "SECRET"):
        assert not associate(address, title)
    assert not associate(address, "LOST", called="ANOTHER")
    found = lately(hub)
    assert {title: one.why for title, one in found.items()} == {
        "STRANGER": Why.UNKNOWN,
        "OFF": Why.DISABLED,
        "FAR": Why.NETWORK,
        "SECRET": Why.CERTIFICATE,
        "LOST": Why.CALLED,
    }
    assert {one.host for one in found.values()} == {"127.0.0.1"}
    assert (found["STRANGER"].count, found["STRANGER"].last_at) == (2, hub.clock.now())
    with hub.database.read() as session:
        seen = last_seen(session, [CLINIC_AE, "OFF"])
    assert {title: (one.at, one.host) for title, one in seen.items()} == {CLINIC_AE: (hub.clock.now(), "127.0.0.1")}


def test_only_refused_associations_count_and_only_lately(hub: Hub) -> None:
    stranger = Peer(ae_title="OLD", site_code="").actor("")
    nowhere = Resource(label="association", site_code="")
    hub.gate.deny(stranger, Action.STUDY_STORE, nowhere, "calling AE title is unknown")
    hub.gate.deny(stranger, Action.STUDY_STORE, Resource(label="study/1.2", site_code=""), "not its own")
    assert lately(hub)["OLD"].count == 1
    hub.clock.move(timedelta(days=8))
    assert lately(hub) == {}


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("the peer showed no certificate", Why.CERTIFICATE),
        ("the peer showed another certificate: 00ff", Why.CERTIFICATE),
        ("called AE title 'disabled' is not ours, from 192.0.2.7", Why.CALLED),
        ("too many associations", Why.LIMIT),
        ("another protocol version", Why.OTHER),
        ("", Why.OTHER),
    ],
)
def test_sentences_have_their_kind(reason: str, kind: Why) -> None:
    assert why(reason) is kind


@pytest.mark.only_sqlite("EXPLAIN QUERY PLAN")
def test_the_trail_is_asked_by_its_indexes(hub: Hub) -> None:
    asked: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        asked.append((statement, parameters))

    event.listen(hub.database.engine, "before_cursor_execute", note)
    try:
        with hub.database.read() as session:
            last_seen(session, ["A"])
            refused(session, hub.clock.now())
    finally:
        event.remove(hub.database.engine, "before_cursor_execute", note)
    plans = []
    for statement, parameters in asked:
        if "audit_entry" in statement:
            with hub.database.engine.connect() as connection:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                plans.append(" ".join(str(row[-1]) for row in plan))
    by_actor, denied = plans
    assert "ix_audit_entry_actor_number" in by_actor
    assert "ix_audit_entry_denied" in denied
