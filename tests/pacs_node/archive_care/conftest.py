"""An archive with a few images of two studies, and ways to look after it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select

from pacs_node.archive_care.digesting import Digesting
from pacs_node.archive_care.entries import Selection
from pacs_node.archive_care.tables import InstanceDigestRow
from pacs_node.archive_care.verification import Verification
from shared_kernel.events.tables import OutboxRow
from tests.pacs_node.conftest import Hub
from tests.support.objects import Part10, ct


def uid() -> str:
    """A fresh UID, as long as any other from here: so are the files then."""
    return f"2.25.{10**37 + secrets.randbelow(10**37)}"


@dataclass
class Archive:
    """What was stored, and the hub that has it."""

    hub: Hub
    images: list[Part10] = field(default_factory=list)

    def receive(self, number: int = 1, **keywords: object) -> list[Part10]:
        """Store new images of one study."""
        named = {"StudyInstanceUID": uid(), "SeriesInstanceUID": uid(), **keywords}
        new = [ct(**{"SOPInstanceUID": uid(), "InstanceNumber": each, **named}) for each in range(number)]
        for image in new:
            self.hub.store(image.file)
        self.images += new
        return new

    def path(self, image: Part10) -> Path:
        """The image's file."""
        [record] = self.hub.catalogue.instances(image.study, sop_instance_uid=image.sop_instance)
        return record.path

    def digesting(self) -> Digesting:
        """The digests' maker, as in the background."""
        return Digesting(self.hub.database, self.hub.files, self.hub.clock)

    def verification(self, name: str = "all", chosen: Selection | None = None) -> Verification:
        """A round, not begun."""
        return Verification(self.hub.database, self.hub.files, self.hub.clock, name, chosen)

    def verify(self, chosen: Selection | None = None) -> dict[str, str]:
        """Read everything; the damage found, by SOP Instance UID, and nothing of the files that are well."""
        verification = self.verification(chosen=chosen)
        verification.begin(anew=True)
        return {each.entry.sop_instance_uid: each.damage.value for each in verification.run() if each.damage}

    def rows(self) -> list[InstanceDigestRow]:
        """What is kept of the files' health."""
        with self.hub.database.read() as session:
            return list(session.scalars(select(InstanceDigestRow).order_by(InstanceDigestRow.instance_row)))

    def told(self) -> int:
        """How many InstanceDamaged were told."""
        with self.hub.database.read() as session:
            return len(session.scalars(select(OutboxRow.sequence).where(OutboxRow.name == "InstanceDamaged")).all())


@pytest.fixture
def archive(make_hub: Callable[..., Hub]) -> Iterator[Archive]:
    """Three images of one study and two of another."""
    hub = make_hub()
    with hub.ingest:
        made = Archive(hub)
        made.receive(3)
        made.receive(2)
        yield made
