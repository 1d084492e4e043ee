"""Proves that a study arrives when its manifest or its MPPS is fulfilled, at once, and is told what is missing."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select

from access_control.model import Actor, ActorKind
from access_control.web.operation import Call
from pacs_node.completion import CompletionWorker
from pacs_node.expectations.manifest import Manifests
from pacs_node.expectations.routes import ManifestIn, operations
from pacs_node.expectations.service import Said, expected_counts
from pacs_node.procedures.performed_service import PerformedSteps
from shared_kernel.audit.tables import AuditRow
from shared_kernel.errors import InvalidInput, NotFound
from shared_kernel.events.tables import OutboxRow
from shared_kernel.ids import new_uid
from tests.pacs_node.conftest import Hub, peer
from tests.pacs_node.procedures.test_performed import creation, ending, scheduled
from tests.support.objects import Part10, ct

GATEWAY = replace(peer(), kind=ActorKind.OPERATOR, login="gateway", session_id="g")


@pytest.fixture
def manifests(hub: Hub) -> Manifests:
    return Manifests(hub.database, hub.clock, hub.gate)


@pytest.fixture
def worker(hub: Hub) -> CompletionWorker:
    return CompletionWorker(hub.database, hub.clock, hub.settings)


def told(hub: Hub) -> list[str]:
    with hub.database.read() as session:
        names = session.scalars(select(OutboxRow.name).order_by(OutboxRow.sequence))
        return [name for name in names if name.startswith("Study")]


def series_of(count: int) -> list[Part10]:
    study = new_uid()
    return [ct(StudyInstanceUID=study) for _ in range(count)]


def saying(images: list[Part10]) -> dict[str, Said]:
    return {each.sop_instance: Said(len(each.data_set), hashlib.sha256(each.data_set).hexdigest()) for each in images}


def quiet(hub: Hub, times: float = 1) -> None:
    hub.clock.move(timedelta(seconds=hub.settings.quiet_period * times))


def test_a_study_arrives_at_once_when_its_manifest_is_here_and_not_before(
    hub: Hub, manifests: Manifests, worker: CompletionWorker
) -> None:
    images = series_of(3)
    state = manifests.declare(GATEWAY, images[0].study, saying(images))
    assert (state.here, len(state.missing)) == (0, 3)
    for image in images[:2]:
        hub.store(image.file)
    quiet(hub, 100)
    assert worker.run_once() == 0
    state = manifests.state(GATEWAY, images[0].study)
    assert (state.expected, state.here, state.missing) == (3, 2, [images[2].sop_instance])
    with hub.database.read() as session:
        own, other = (GATEWAY.site_code, images[0].study), ("ELSEWHERE", images[0].study)
        assert expected_counts(session, [own, other]) == {own: 3}
    hub.store(images[2].file)
    assert worker.run_once() == 1
    assert told(hub) == ["StudyArrived"]
    state = manifests.state(GATEWAY, images[0].study)
    assert (state.missing, state.different, state.fulfilled_at) == ([], [], hub.clock.now())


def test_a_manifest_after_the_images_makes_them_arrive(
    hub: Hub, manifests: Manifests, worker: CompletionWorker
) -> None:
    images = series_of(2)
    for image in images:
        hub.store(image.file)
    assert worker.run_once() == 0
    manifests.declare(GATEWAY, images[0].study, saying(images))
    assert worker.run_once() == 1
    later = manifests.declare(GATEWAY, images[0].study, saying(images))
    assert later.fulfilled_at == hub.clock.now()
    assert worker.run_once() == 0


@pytest.mark.both_databases
def test_studies_that_something_is_missing_of_stand_in_no_others_way(
    hub: Hub, manifests: Manifests, worker: CompletionWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pacs_node.expectations.fulfilment._AT_ONCE", 2)
    for _ in range(3):  # as many images as are expected, and yet one is missing
        expected, instead = series_of(2), ct()
        other = ct(StudyInstanceUID=expected[0].study)
        manifests.declare(GATEWAY, expected[0].study, saying([expected[0], instead]))
        hub.store(expected[0].file)
        hub.store(other.file)
    waiting = []
    for _ in range(5):
        images = series_of(2)
        manifests.declare(GATEWAY, images[0].study, saying(images))
        for image in images:
            hub.store(image.file)
        waiting.append(images[0].study)
    assert 5 == worker.run_once()
    assert ["StudyArrived"] * 5 == told(hub)
    assert all(manifests.state(GATEWAY, study).fulfilled_at for study in waiting)


def test_a_larger_manifest_makes_the_study_grow(hub: Hub, manifests: Manifests, worker: CompletionWorker) -> None:
    images = series_of(3)
    manifests.declare(GATEWAY, images[0].study, saying(images[:1]))
    hub.store(images[0].file)
    assert worker.run_once() == 1
    manifests.declare(GATEWAY, images[0].study, saying(images))
    hub.store(images[1].file)
    hub.store(images[2].file)
    assert worker.run_once() == 1
    assert told(hub) == ["StudyArrived", "StudyGrew"]


def test_what_is_missing_for_good_needs_a_reason(hub: Hub, manifests: Manifests, worker: CompletionWorker) -> None:
    images = series_of(2)
    study = images[0].study
    manifests.declare(GATEWAY, study, saying(images))
    hub.store(images[0].file)
    quiet(hub, 100)
    with pytest.raises(InvalidInput):
        manifests.withdraw(GATEWAY, study, "  ")
    assert worker.run_once() == 0
    manifests.withdraw(GATEWAY, study, "装置の故障")
    assert worker.run_once() == 1
    with pytest.raises(NotFound):
        manifests.state(GATEWAY, study)
    with hub.database.read() as session:
        reasons = session.scalars(select(AuditRow.reason).where(AuditRow.outcome == "done")).all()
    assert "manifest withdrawn: 装置の故障" in reasons


def test_other_bytes_than_the_manifest_says_are_named(hub: Hub, manifests: Manifests) -> None:
    images = series_of(2)
    for image in images:
        hub.store(image.file)
    said = saying(images)
    said[images[0].sop_instance] = Said(7)
    state = manifests.declare(GATEWAY, images[0].study, said)
    assert (state.missing, state.different) == ([], [images[0].sop_instance])


def test_another_site_s_study_is_as_if_not_there(hub: Hub, manifests: Manifests) -> None:
    images = series_of(1)
    other = replace(GATEWAY, site_code="OTHER", login="other")
    hub.store(images[0].file)
    with pytest.raises(NotFound):
        manifests.declare(other, images[0].study, saying(images))
    coming = series_of(1)
    manifests.declare(GATEWAY, coming[0].study, saying(coming))
    for deed in (
        lambda: manifests.state(other, coming[0].study),
        lambda: manifests.withdraw(other, coming[0].study, "x"),
    ):
        with pytest.raises(NotFound):
            deed()


def test_two_sites_that_announce_one_uid_know_nothing_of_each_other(
    hub: Hub, manifests: Manifests, worker: CompletionWorker
) -> None:
    images = series_of(2)
    study = images[0].study
    other = replace(GATEWAY, site_code="OTHER", login="other")
    manifests.declare(other, study, {"1.2.3": Said(7)})
    manifests.declare(GATEWAY, study, saying(images))
    manifests.declare(other, study, {"1.2.3": Said(7), "1.2.4": Said(8)})
    assert (manifests.state(GATEWAY, study).expected, manifests.state(other, study).expected) == (2, 2)
    assert manifests.state(other, study).missing == ["1.2.3", "1.2.4"]
    with hub.database.read() as session:
        own, foreign = (GATEWAY.site_code, study), ("OTHER", study)
        assert expected_counts(session, [own, foreign]) == {own: 2, foreign: 2}
    manifests.withdraw(other, study, "番号の間違い")
    for image in images:
        hub.store(image.file)
    assert worker.run_once() == 1
    assert manifests.state(GATEWAY, study).missing == []


@pytest.mark.parametrize(
    ("study", "instances"),
    [
        ("no uid", {"1.2": Said()}),
        ("1.2", {}),
        ("1.2", {"no uid": Said()}),
        ("1.2", {"1.2": Said(-1)}),
        ("1.2", {"1.2": Said(sha256="abc")}),
    ],
)
def test_a_malformed_manifest_is_refused(manifests: Manifests, study: str, instances: dict[str, Said]) -> None:
    with pytest.raises(InvalidInput):
        manifests.declare(GATEWAY, study, instances)


def test_a_manifest_over_http(hub: Hub, manifests: Manifests) -> None:
    images = series_of(2)
    hub.store(images[0].file)
    post, get, _ = operations(manifests)
    body = {"study_uid": images[0].study, "instances": [{"sop_instance_uid": each.sop_instance} for each in images]}
    call = Call(GATEWAY, {}, None, msgspec.convert(body, ManifestIn), None)  # type: ignore[arg-type]
    made = post.handler(call)
    assert (made.here, made.expected, made.missing, made.missing_count) == (1, 2, [images[1].sop_instance], 1)
    asked = get.handler(replace(call, path={"study_uid": images[0].study}))
    assert asked == made
    body["instances"] = [{"sop_instance_uid": "1.2"}, {"sop_instance_uid": "1.2"}]
    with pytest.raises(InvalidInput):
        post.handler(replace(call, body=msgspec.convert(body, ManifestIn)))


def _perform(hub: Hub, scanner: Actor, images: list[Part10]) -> None:
    steps = PerformedSteps(hub.database, hub.clock, hub.gate)
    step = steps.create(scanner, "", creation(ScheduledStepAttributesSequence=[scheduled(images[0].study)]))
    steps.change(scanner, step, ending("COMPLETED", *(each.sop_instance for each in images)))


def test_a_completed_mpps_lets_the_study_arrive_at_once(hub: Hub, worker: CompletionWorker) -> None:
    images = series_of(2)
    hub.store(images[0].file)
    _perform(hub, peer(), images)
    assert worker.run_once() == 0
    hub.store(images[1].file)
    assert worker.run_once() == 1
    assert told(hub) == ["StudyArrived"]


def test_images_that_only_the_mpps_knows_of_do_not_keep_the_study_waiting(hub: Hub, worker: CompletionWorker) -> None:
    images = series_of(2)
    _perform(hub, peer(), images)
    hub.store(images[0].file)
    assert worker.run_once() == 0
    quiet(hub)
    assert worker.run_once() == 1


def test_another_site_s_mpps_completes_nothing(hub: Hub, worker: CompletionWorker) -> None:
    images = series_of(1)
    _perform(hub, peer("OTHER"), images)
    hub.store(images[0].file)
    assert worker.run_once() == 0


def test_each_peer_has_its_own_quiet_period(hub: Hub, worker: CompletionWorker) -> None:
    with hub.database.write() as session:
        hub.peers.add(session, "SLOW_US", "CLINIC", quiet_period=60.0)
        hub.peers.add(session, "FAST_CR", "CLINIC", quiet_period=0.01)
    slow, fast, plain = ct(), ct(), ct()
    for image, login in ((slow, "ae:SLOW_US"), (fast, "ae:FAST_CR"), (plain, "ae:CLINIC_CT")):
        hub.store(image.file, replace(peer(), login=login))
    hub.clock.move(timedelta(seconds=0.05))
    assert worker.run_once() == 1
    assert hub.catalogue.study(fast.study).arrived_at is not None
    quiet(hub)
    assert worker.run_once() == 1
    assert hub.catalogue.study(plain.study).arrived_at is not None
    hub.clock.move(timedelta(seconds=60))
    assert worker.run_once() == 1
    assert hub.catalogue.study(slow.study).arrived_at is not None
