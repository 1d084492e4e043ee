"""Proves that what was acknowledged survives `kill -9` of the node in the middle of a C-STORE run, byte for byte."""

from __future__ import annotations

import threading

from tests.pacs_node.conftest import Hub
from tests.support.node_process import NodeProcess
from tests.support.objects import CT, EXPLICIT, Part10, ct
from tests.support.raw_scu import Closed, association

_ENOUGH = 25


def test_every_acknowledged_instance_is_there_after_a_kill(make_hub: object) -> None:
    hub: Hub = make_hub()  # type: ignore[operator]
    with hub.database.write() as session:
        hub.peers.add(session, "CLINIC_CT", "CLINIC")
    acknowledged: list[Part10] = []
    enough = threading.Event()
    node = NodeProcess(hub.settings.data)

    def send() -> None:
        study = ct().study
        try:
            with association(node.address, [(CT, [EXPLICIT])]) as scu:
                while True:
                    image = ct(pixels=bytes(50_000), StudyInstanceUID=study)
                    if scu.store(1, CT, image.sop_instance, image.data_set).status == 0:
                        acknowledged.append(image)
                    if len(acknowledged) >= _ENOUGH:
                        enough.set()
        except Closed:
            return

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert enough.wait(60)
    node.kill()
    for thread in threads:
        thread.join(60)

    # A second life sweeps what the first left half done, and goes on.
    again = NodeProcess(hub.settings.data)
    more = ct()
    with association(again.address, [(CT, [EXPLICIT])]) as scu:
        assert scu.store(1, CT, more.sop_instance, more.data_set).status == 0
    again.kill()

    lost = []
    for image in [*acknowledged, more]:
        records = hub.catalogue.instances(image.study, sop_instance_uid=image.sop_instance)
        if len(records) != 1 or records[0].path.read_bytes()[records[0].dataset_offset :] != image.data_set:
            lost.append(image.sop_instance)
    assert lost == []
    studies = {image.study for image in [*acknowledged, more]}
    indexed = {str(record.path) for study in studies for record in hub.catalogue.instances(study)}
    assert sorted(indexed) == hub.files_on_disk()
