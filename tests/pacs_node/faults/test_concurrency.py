"""Proves that many senders at once, and two processes on one data folder, store each instance exactly once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from pacs_node.importer import Fate, import_paths
from tests.pacs_node.conftest import CLINIC_AE, Hub, peer
from tests.support.node_process import NodeProcess
from tests.support.objects import CT, EXPLICIT, Part10, ct
from tests.support.raw_scu import association

_ASSOCIATIONS = 16
_EACH = 8
_DIFFERENT = 0x0111


def images_of(studies: int, number: int) -> list[Part10]:
    uids = [ct().study for _ in range(studies)]
    return [ct(StudyInstanceUID=uids[each % studies], InstanceNumber=each) for each in range(number)]


_door = threading.Lock()


def send(address: tuple[str, int], images: list[Part10], together: threading.Barrier) -> list[int]:
    """Send when all have an association; these open one after another, for strangers at one address are few."""
    with ExitStack() as stack:
        with _door:
            scu = stack.enter_context(association(address, [(CT, [EXPLICIT])]))
        together.wait(30)
        return [scu.store(1, CT, image.sop_instance, image.data_set).status for image in images]


def assert_each_once(hub: Hub, images: list[Part10]) -> None:
    """Each image is in the index once, byte for byte, and there is no other file."""
    indexed = []
    for image in images:
        [record] = hub.catalogue.instances(image.study, sop_instance_uid=image.sop_instance)
        assert image.data_set == record.path.read_bytes()[record.dataset_offset :]
        indexed.append(str(record.path))
    assert sorted(indexed) == hub.files_on_disk()
    for study_uid in {image.study for image in images}:
        study = hub.catalogue.study(study_uid)
        assert study is not None
        assert sum(image.study == study_uid for image in images) == study.instance_count


def test_sixteen_associations_with_the_same_and_with_other_instances(hub: Hub, address: tuple[str, int]) -> None:
    common = images_of(2, _EACH)
    loads = [common[shift:] + common[:shift] + images_of(1, _EACH) for shift in [0, 1, 2, 3] * (_ASSOCIATIONS // 4)]
    together = threading.Barrier(_ASSOCIATIONS)
    with ThreadPoolExecutor(_ASSOCIATIONS) as pool:
        statuses = list(pool.map(lambda load: send(address, load, together), loads))
    assert {0} == {status for each in statuses for status in each}
    assert_each_once(hub, list({image.sop_instance: image for load in loads for image in load}.values()))


def test_of_two_contents_of_one_uid_exactly_one_is_kept(hub: Hub, address: tuple[str, int]) -> None:
    first = ct()
    same = {"SOPInstanceUID": first.sop_instance, "StudyInstanceUID": first.study}
    rivals = [ct(pixels=bytes([number]) * 512, **same) for number in range(_ASSOCIATIONS)]
    together = threading.Barrier(_ASSOCIATIONS)
    with ThreadPoolExecutor(_ASSOCIATIONS) as pool:
        answers = list(pool.map(lambda image: send(address, [image], together)[0], rivals))
    assert {0: 1, _DIFFERENT: _ASSOCIATIONS - 1} == dict(Counter(answers))
    assert_each_once(hub, [rivals[answers.index(0)]])


def test_two_processes_store_the_same_and_other_images_at_once(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    with hub.database.write() as session:
        hub.peers.add(session, CLINIC_AE, "CLINIC")
    common, sent, imported = images_of(2, 40), images_of(1, 10), images_of(1, 10)
    folder = hub.settings.data / "disc"
    folder.mkdir()
    for number, image in enumerate([*imported, *reversed(common)]):
        (folder / f"{number:03}.dcm").write_bytes(image.file)
    node, together = NodeProcess(hub.settings.data), threading.Barrier(3)
    try:
        with hub.ingest, ThreadPoolExecutor(2) as pool:
            sending = [pool.submit(send, node.address, load, together) for load in (common + sent, sent + common)]
            together.wait(30)
            fates = Counter(outcome.fate for outcome in import_paths([folder], hub.ingest, peer()))
            statuses = {status for each in sending for status in each.result(60)}
    finally:
        node.kill()
    assert {0} == statuses
    assert 0 == fates[Fate.REFUSED]
    assert 50 == fates[Fate.STORED] + fates[Fate.DUPLICATE]
    assert_each_once(hub, common + sent + imported)
