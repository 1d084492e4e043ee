"""Proves that a node that is killed at any point of a hundred loses nothing that it has acknowledged.

In mid-association the point is a number of bytes that a sender has sent; in mid-commit it is a system call or a
statement. After each death the next life takes again what was not answered and knows again what was; in the
end every instance is there byte for byte, every file is explained, and no half one is left.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from tests.pacs_node.conftest import CLINIC_AE, Hub
from tests.support.mortal_node import Death, Life, Nursery
from tests.support.objects import CT, EXPLICIT, Part10, ct
from tests.support.raw_scu import Closed, RawScu, Rejected

_POINTS = 100
_SENDERS = 3
_EACH = 6
_FILES = ("open", "write", "pwritev", "rename", "pwrite", "fdatasync", "fsync", "unlink")
_STATEMENTS = ("sql:BEGIN", "sql:INSERT", "sql:UPDATE", "sql:COMMIT")
_SUCCESS = 0


class Sender(RawScu):
    """Sends, and lets the node die when so many bytes have left in all."""

    def __init__(self, address: tuple[str, int], bytes_to_live: int | None, die: Callable[[], None]) -> None:
        super().__init__(address)
        self._left = bytes_to_live
        self._die = die

    def send_bytes(self, data: bytes) -> None:
        if self._left is not None and self._left < len(data):
            super().send_bytes(data[: self._left])
            self._left = None
            self._die()
        if self._left is not None:
            self._left -= len(data)
        super().send_bytes(data)


@dataclass
class Play:
    """What was sent and what was answered, over all lives."""

    sent: dict[str, Part10] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    unanswered: list[Part10] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def send(self, life: Life, images: list[Part10], bytes_to_live: int | None) -> None:
        """One association; notes each answer, and what had none."""
        assert life.address is not None
        waiting = list(images)
        try:
            scu = Sender(life.address, bytes_to_live, life.end)
        except OSError:
            scu = None
        try:
            if scu is not None:
                scu.associate(CLINIC_AE, "DOKUEI", [(CT, [EXPLICIT])])
                while waiting:
                    status = scu.store(1, CT, waiting[0].sop_instance, waiting[0].data_set).status
                    image = waiting.pop(0)
                    with self.guard:
                        if status == _SUCCESS:
                            self.acknowledged.add(image.sop_instance)
                        else:
                            self.wrong.append(f"{image.sop_instance} {status:04X}")
                scu.release()
        except (Closed, Rejected):
            pass
        finally:
            if scu is not None:
                scu.close()
            with self.guard:
                self.unanswered += waiting


def points(dice: random.Random) -> Iterator[tuple[Death, int | None]]:
    """A hundred deaths: by bytes sent, at a system call, at or in a statement."""
    for number in range(_POINTS):
        if number % 5 < 2:
            yield Death(), dice.randrange(1, 9_000)
        elif number % 5 < 4:
            step = _FILES[number // 5 * 2 % len(_FILES) - number % 2]
            yield Death(step, dice.randrange(1, 8), dice.choice(["before", "middle", "after"])), None
        else:
            yield (
                Death(dice.choice(_STATEMENTS), dice.randrange(1, 8), "middle", dice.choice([0, 0.0005, 0.003])),
                None,
            )


@pytest.mark.parametrize("seed", [20261121])
def test_a_hundred_deaths_lose_nothing(make_hub: Callable[..., Hub], seed: int) -> None:
    hub, dice, play = make_hub(), random.Random(seed), Play()  # noqa: S311 - a play, no secret
    with hub.database.write() as session:
        hub.peers.add(session, CLINIC_AE, "CLINIC")
    studies = [ct().study for _ in range(3)]
    nursery = Nursery(hub.settings.data)
    died = 0
    for death, bytes_to_live in points(dice):
        life = nursery.start(death)
        if life.address is None:
            life.end()
            died += 1
            continue
        again, play.unanswered = play.unanswered, []
        known = dice.sample(sorted(play.acknowledged), min(1, len(play.acknowledged)))
        loads: list[list[Part10]] = [[play.sent[uid] for uid in known] + again]
        for _ in range(_SENDERS - 1):
            loads.append([ct(pixels=dice.randbytes(512), StudyInstanceUID=dice.choice(studies)) for _ in range(_EACH)])
        loads[1][-1] = loads[2][-1]  # both send this one
        play.sent |= {image.sop_instance: image for load in loads for image in load}
        threads = [
            threading.Thread(target=play.send, args=(life, load, bytes_to_live if number == 1 else None))
            for number, load in enumerate(loads)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        died += bool(play.unanswered)
        life.end()
    last = nursery.start(Death())
    leftover, play.unanswered = play.unanswered, []
    play.send(last, leftover, None)
    last.end()
    nursery.close()
    with make_hub().ingest:  # a start sweeps
        pass

    assert [] == play.wrong
    assert [] == play.unanswered
    assert set(play.sent) == play.acknowledged
    assert died > _POINTS / 2, "most of the points were not reached: the test kills too late"
    records = {
        record.sop_instance_uid: record
        for study in {image.study for image in play.sent.values()}
        for record in hub.catalogue.instances(study)
    }
    assert set(play.sent) == set(records)
    lost = [
        uid for uid, record in records.items()
        if record.path.read_bytes()[record.dataset_offset :] != play.sent[uid].data_set
    ]  # fmt: skip
    assert [] == lost
    assert sorted(str(record.path) for record in records.values()) == hub.files_on_disk()
    # What was set aside had not been answered when its node died: each is a whole image that came again.
    data_sets = {image.data_set for image in play.sent.values()}
    unexplained = [
        path for path in hub.files.orphans.rglob("*.dcm") if not path.read_bytes().endswith(tuple(data_sets))
    ]
    assert [] == unexplained
