"""Proves what a peer's own rules do on both lanes: services, numbers, addresses, roles, rate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom._uid_dict import UID_dictionary
from sqlalchemy import select

from pacs_node.peers.model import Service
from pacs_node.scp.contexts import is_storage
from pacs_node.scp.rate import Meter
from pacs_node.upper_layer.errors import Aborted, Refused
from pacs_node.upper_layer.requestor import Proposal, Requestor
from shared_kernel.audit.tables import AuditRow
from tests.pacs_node.conftest import CLINIC_AE, OTHER_AE, Hub
from tests.pacs_node.scp.conftest import STUDY_ROOT_FIND
from tests.support.objects import CT, EXPLICIT, IMPLICIT, ct

VERIFICATION = "1.2.840.10008.1.1"
ECHO, STORE = Proposal(VERIFICATION, (IMPLICIT,)), Proposal(CT, (EXPLICIT,))
LANES: dict[str, tuple[Proposal, ...]] = {"storage": (), "pynetdicom": (Proposal(STUDY_ROOT_FIND, (IMPLICIT,)),)}

Address = tuple[str, int]


@pytest.fixture(params=["storage", "pynetdicom"])
def more(request: pytest.FixtureRequest) -> tuple[Proposal, ...]:
    """What is proposed beside, to be on each lane."""
    return LANES[request.param]


@contextmanager
def running(hub: Hub, **peer: Any) -> Iterator[Address]:
    """A node that knows CLINIC_CT with these settings, and OTHER_CT."""
    with hub.database.write() as session:
        hub.peers.add(session, CLINIC_AE, "CLINIC", **peer)
        hub.peers.add(session, OTHER_AE, "OTHER")
    node = hub.node()
    try:
        yield tuple(node.start())
    finally:
        node.stop()


def _open(address: Address, *proposals: Proposal, calling: str = CLINIC_AE) -> Requestor:
    return Requestor.open(
        address, calling=calling, called="DOKUEI", proposals=proposals, implementation_class_uid="2.25.1"
    )


def _refusals(hub: Hub) -> list[str]:
    with hub.database.read() as session:
        return list(session.scalars(select(AuditRow.reason).filter_by(outcome="denied")))


def test_a_peer_has_as_many_associations_as_it_may(hub: Hub, more: tuple[Proposal, ...]) -> None:
    with running(hub, max_associations=2) as address:
        first, second = _open(address, ECHO, *more), _open(address, ECHO, *more)
        with pytest.raises(Refused) as refused:
            _open(address, ECHO, *more)
        assert (2, 3, 2) == refused.value.why
        with _open(address, ECHO, *more, calling=OTHER_AE) as other:
            assert other.echo() == 0
        first.release()
        second.release()


def test_a_peer_comes_from_its_addresses(hub: Hub, more: tuple[Proposal, ...]) -> None:
    with running(hub, networks=(ip_network("192.0.2.0/24"),)) as address, pytest.raises(Refused) as refused:
        _open(address, ECHO, *more)
    assert (1, 1, 3) == refused.value.why
    assert ["not one of the peer's addresses, from 127.0.0.1"] == _refusals(hub)


def test_a_disabled_peer_is_refused(hub: Hub, more: tuple[Proposal, ...]) -> None:
    with running(hub, enabled=False) as address, pytest.raises(Refused):
        _open(address, ECHO, *more)
    assert ["the peer is disabled, from 127.0.0.1"] == _refusals(hub)


def test_a_peer_that_may_not_store_may_verify(hub: Hub, more: tuple[Proposal, ...]) -> None:
    with (
        running(hub, services=frozenset({Service.FIND})) as address,
        _open(address, ECHO, STORE, *more) as association,
    ):
        assert [VERIFICATION] == [one.abstract_syntax for one in association.accepted.values()]
        assert association.echo() == 0


def test_a_c_store_where_it_may_not_be_ends_the_association(hub: Hub, more: tuple[Proposal, ...]) -> None:
    sent = ct()
    with running(hub) as address:
        association = _open(address, ECHO, STORE, *more)
        with pytest.raises(Aborted):
            association.store(association.context_for(VERIFICATION).context_id, CT, sent.sop_instance, sent.data_set)
    assert hub.files_on_disk() == []


@pytest.mark.parametrize(
    ("services", "roles"),
    [
        ({Service.GET}, (False, True)),
        ({Service.GET, Service.STORE}, (True, True)),
        ({Service.STORE}, (True, False)),
        ({Service.FIND}, None),
    ],
    ids=["get", "get and store", "store", "neither"],
)
def test_the_scps_role_is_for_those_who_may_get(
    hub: Hub, more: tuple[Proposal, ...], services: set[Service], roles: tuple[bool, bool] | None
) -> None:
    with (
        running(hub, services=frozenset(services)) as address,
        _open(address, ECHO, Proposal(CT, (EXPLICIT,), scp=True), *more) as association,
    ):
        context = association.accepted.get(3)
        assert roles == (context and (context.scu, context.scp))


def test_who_may_only_get_may_not_store(hub: Hub, more: tuple[Proposal, ...]) -> None:
    sent = ct()
    with running(hub, services=frozenset({Service.GET})) as address:
        association = _open(address, ECHO, Proposal(CT, (EXPLICIT,), scp=True), *more)
        with pytest.raises(Aborted):
            association.store(3, CT, sent.sop_instance, sent.data_set)
    assert hub.files_on_disk() == []


def test_a_peer_with_a_rate_loses_nothing(hub: Hub, more: tuple[Proposal, ...]) -> None:
    images = [ct(pixels=bytes(100_000)) for _ in range(3)]
    with running(hub, max_rate=400_000) as address, _open(address, ECHO, STORE, *more) as association:
        for image in images:
            assert association.store(3, CT, image.sop_instance, image.data_set).status == 0
    assert all(len(hub.catalogue.instances(image.study)) == 1 for image in images)


@given(st.lists(st.tuples(st.integers(1, 50_000), st.floats(0, 0.5)), min_size=1, max_size=60))
def test_a_meter_lets_through_its_rate_and_a_second_more(taken: list[tuple[int, float]]) -> None:
    """Before each read, no more has been read than the rate allows."""
    clock = [1000.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    meter = Meter(5_000, now=lambda: clock[0], sleep=sleep)
    total = 0
    for count, idle in taken:
        clock[0] += idle
        meter.take(count)
        total += count
        assert total <= 5_000 * (clock[0] - 1000.0 + 1) + 1e-3


@pytest.mark.parametrize(
    ("sop_class", "expected"),
    [
        ("1.2.840.10008.5.1.4.1.1.2", True),
        ("1.2.840.10008.5.1.4.1.1.9.1", True),  # retired
        ("1.2.840.10008.5.1.4.1.1.4711", True),  # of an edition to come
        ("1.2.840.10008.5.1.4.34.7", True),
        ("1.2.840.10008.5.1.4.38.1", True),
        ("1.2.840.10008.5.1.1.29", True),
        ("1.2.840.10008.1.3.10", False),
        ("1.2.840.10008.1.20.1", False),
        ("1.2.840.10008.5.1.4.1.2.2.1", False),
        ("1.2.840.10008.5.1.4.1.1.200.4", False),
        ("1.2.840.10008.5.1.4.1.1.201.6", False),
        ("1.2.840.10008.5.1.4.1.1.201.1.1", False),  # an instance, not a class
        ("1.2.840.10008.4.2", False),  # the service class
        # What PS3.6 table A-1 of 2026d has beyond the installed dictionary.
        ("1.2.840.10008.5.1.4.1.1.2.3", True),  # CT, for processing
        ("1.2.840.10008.5.1.4.1.1.2.4", True),  # enhanced CT, for processing
        ("1.2.840.10008.5.1.4.1.1.2.5", True),  # legacy converted enhanced CT, for processing
        ("1.2.840.10008.5.1.4.1.1.9.100.1", True),  # waveform presentation state
        ("1.2.840.10008.5.1.4.1.1.9.100.2", True),  # waveform acquisition presentation state
        ("1.2.840.10008.5.1.4.1.1.66.7", True),  # label map segmentation
        ("1.2.840.10008.5.1.4.1.1.66.8", True),  # height map segmentation
        ("1.2.840.10008.5.1.4.1.1.601.3", True),  # thermography
        ("1.2.840.10008.5.1.4.1.1.601.4", True),  # thermography, multi-frame
        ("1.2.840.10008.5.1.4.1.1.601.5", True),  # ultrasound waveform
        ("1.2.392.200036.9116.7.8.1", False),
    ],
)
def test_what_a_storage_class_is(sop_class: str, expected: bool) -> None:
    assert is_storage(sop_class) is expected


def test_the_storage_classes_are_those_of_the_registry_of_uids() -> None:
    """PS3.6 table A-1; the media directory is no instance of a study, and commitment is a service of its own."""
    others = {"1.2.840.10008.1.3.10", "1.2.840.10008.1.20.1", "1.2.840.10008.1.20.2"}
    nameless = {"1.2.840.10008.5.1.4.1.1.12.77", "1.2.840.10008.5.1.4.1.1.40"}  # retired, the name is lost
    for uid, (name, kind, _, _, _) in UID_dictionary.items():
        named = kind == "SOP Class" and "Storage" in name and uid not in others
        assert is_storage(uid) is (named or uid in nameless), f"{uid} {name}"
