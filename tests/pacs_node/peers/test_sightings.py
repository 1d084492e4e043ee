"""Proves that who came and who was turned away is found in the audit trail, by index and not by reading all of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pynetdicom import AE
from sqlalchemy import event, select

from access_control.model import Action, Resource
from pacs_node.peers.model import Peer
from pacs_node.peers.refusals import SEVERAL, Why, read
from pacs_node.peers.sightings import Refused, last_seen, refused
from pacs_node.scp.refusals import MOST, MOST_OF_AN_ADDRESS, Refusals
from shared_kernel.audit.tables import AuditRow
from shared_kernel.audit.trail import first_broken_link
from tests.pacs_node.conftest import CLINIC_AE, Hub
from tests.support import requesting
from tests.support.raw_scu import IMPLICIT_LITTLE, VERIFICATION, Rejected, association, echo


def associate(address: tuple[str, int], calling: str, called: str = "DOKUEI") -> bool:
    ae = AE(ae_title=calling)
    ae.add_requested_context("1.2.840.10008.1.1")
    association = requesting.associate(ae, *address, ae_title=called)
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
    # The second one is told of with the next hour's, or at the end.
    assert (found["STRANGER"].count, found["STRANGER"].last_at) == (1, hub.clock.now())
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


def test_more_associations_than_a_peer_may_have_are_seen(hub: Hub) -> None:
    with hub.database.write() as session:
        hub.peers.add(session, CLINIC_AE, "CLINIC", max_associations=1)
    node = hub.node()
    try:
        address = tuple(node.start())
        with association(address, [(VERIFICATION, [IMPLICIT_LITTLE])]):
            for _ in range(3):
                with pytest.raises(Rejected) as rejected:
                    echo(address)
                assert rejected.value.why == (2, 3, 2)
    finally:
        node.stop()
    seen = lately(hub)[CLINIC_AE]
    assert (seen.why, seen.count, seen.host) == (Why.LIMIT, 3, "127.0.0.1")


def denials(hub: Hub) -> list[tuple[str, str]]:
    with hub.database.read() as session:
        assert first_broken_link(session) is None
        rows = session.execute(select(AuditRow.actor, AuditRow.reason).filter_by(outcome="denied")).all()
    return [(actor, reason) for actor, reason in rows]


def test_refusals_like_each_other_are_told_once_and_counted(hub: Hub, address: tuple[str, int]) -> None:
    words = "calling AE title is unknown"
    first = ("ae:STRANGER", f"{words}, from 127.0.0.1")
    for _ in range(4):
        assert not associate(address, "STRANGER")
    assert denials(hub) == [first]
    last = hub.clock.now()
    hub.clock.move(timedelta(minutes=61))
    assert associate(address, CLINIC_AE)
    counted = ("ae:STRANGER", f"{words}, 3 times more, the last at {last.isoformat()}, from 127.0.0.1")
    assert denials(hub) == [first, counted]
    assert (lately(hub)["STRANGER"].count, lately(hub)["STRANGER"].last_at) == (4, last)
    assert not associate(address, "STRANGER")
    assert denials(hub) == [first, counted, first]


def test_a_stranger_of_many_names_leaves_few_lines(hub: Hub, address: tuple[str, int]) -> None:
    for number in range(MOST_OF_AN_ADDRESS + 5):
        with pytest.raises(Rejected):
            echo(address, calling=f"STRANGER{number}")
    assert len(denials(hub)) == MOST_OF_AN_ADDRESS + 1
    assert denials(hub)[-1] == (f"ae:{SEVERAL}", "another of many refusals, from 127.0.0.1")
    # A registered peer is told of all the same.
    with hub.database.write() as session:
        hub.peers.change(session, CLINIC_AE, enabled=False)
    assert not associate(address, CLINIC_AE)
    assert denials(hub)[-1] == (f"ae:{CLINIC_AE}", "the peer is disabled, from 127.0.0.1")


def test_strangers_of_many_addresses_leave_few_lines(hub: Hub) -> None:
    refusals = Refusals(hub.database, hub.clock)
    for number in range(MOST + 20):
        refusals.note("SCANNER", "calling AE title is unknown", f"192.0.{number // 250}.{number % 250}", stranger=True)
    refusals.settle(all_of_them=True)
    told = denials(hub)
    assert len(told) == MOST + 2
    assert told[-2] == (f"ae:{SEVERAL}", "another of many refusals")
    assert told[-1][1].startswith("another of many refusals, 19 times more")
    assert lately(hub)[SEVERAL].count == 20


def test_a_refusal_that_could_not_be_written_is_written_the_next_time(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = Refusals(hub.database, hub.clock)
    with monkeypatch.context() as broken:
        broken.setattr("pacs_node.scp.refusals.record", _fail)
        with pytest.raises(RuntimeError):
            refusals.note("A", "calling AE title is unknown", "192.0.2.7", stranger=True)
    refusals.note("A", "calling AE title is unknown", "192.0.2.7", stranger=True)
    assert denials(hub) == [("ae:A", "calling AE title is unknown, from 192.0.2.7")]


def _fail(*_: object) -> None:
    raise RuntimeError("a mistake of ours")


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("the peer showed no certificate", Why.CERTIFICATE),
        ("the peer showed another certificate: 00ff", Why.CERTIFICATE),
        ("called AE title 'disabled' is not ours, from 192.0.2.7", Why.CALLED),
        ("too many associations, 3 times more, the last at 2026-11-21T00:00:00+00:00, from 192.0.2.7", Why.LIMIT),
        ("another protocol version", Why.OTHER),
        ("", Why.OTHER),
    ],
)
def test_sentences_have_their_kind(reason: str, kind: Why) -> None:
    assert read(reason).why is kind


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
