"""The doctor: each thing that can be wrong is found, named, and comes with what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, update

from access_control.model import Role
from dokuei.demo import state
from dokuei.doctor import Finding, examine
from dokuei.office import Office
from pacs_node.commitment.model import CommitmentState, Direction, Reference
from pacs_node.commitment.store import write_references
from pacs_node.commitment.tables import CommitmentRow
from pacs_node.scu.tables import OutgoingSendRow
from shared_kernel.audit.tables import AuditRow
from shared_kernel.clock import SetClock
from shared_kernel.events.tables import EventSetAsideRow, SubscriptionRow
from shared_kernel.settings import Address, Settings


@pytest.fixture
def office(settings: Settings, clock: SetClock) -> Iterator[Office]:
    """A small, healthy installation."""
    settings.data.chmod(0o700)
    with Office.opened(settings, clock) as office:
        with office.database.write() as session:
            office.directory.add_site(session, "MINATO", "みなと診療所")
            office.directory.add_site(session, "CHUO", "あおば中央病院")
            office.directory.add_contract(session, "MINATO", "CHUO")
            office.directory.add_person(
                session, login="dokuei", name="青葉 玲", site_code="CHUO", role=Role.RADIOLOGIST, password="long enough"
            )
        yield office


def wrong(settings: Settings) -> list[Finding]:
    # Whether the browser application is built and fonts are there is the machine's matter, not this test's.
    machine = {"browser application", "fonts for PDF"}
    return [finding for finding in examine(settings) if not finding.well and finding.subject not in machine]


def test_a_healthy_installation_has_nothing_wrong(office: Office) -> None:
    assert wrong(office.settings) == []


def test_a_missing_folder(settings: Settings) -> None:
    (found,) = wrong(replace(settings, data=settings.data / "nowhere"))
    assert (found.subject, "start the hub once" in found.remedy) == ("data folder", True)


def test_a_full_disk(office: Office) -> None:
    (found,) = wrong(replace(office.settings, min_free_disk=10**18))
    assert found.subject == "free disk"


def test_a_folder_open_to_everybody(office: Office) -> None:
    office.settings.data.chmod(0o755)
    (found,) = wrong(office.settings)
    assert (found.subject, "chmod" in found.remedy) == ("privacy", True)


def test_a_tampered_audit_trail(office: Office) -> None:
    with office.database.write() as session:
        session.execute(delete(AuditRow).where(AuditRow.number == 2))
    (found,) = wrong(office.settings)
    assert (found.subject, "row 3" in found.told) == ("audit trail", True)


def test_events_that_are_held_up_or_set_aside(office: Office, clock: SetClock) -> None:
    with office.database.write() as session:
        session.add(SubscriptionRow(subscriber="ear", position=1, failures=3, last_error="no", updated_at=clock.now()))
        session.add(
            EventSetAsideRow(subscriber="ear", sequence=1, event_name="LampLit", error="broken", at=clock.now())
        )
    held_up, aside = wrong(office.settings)
    assert "ear failed 3 times" in held_up.told
    assert ("LampLit #1" in aside.told, "--retry" in aside.remedy) == (True, True)


def test_a_clinic_that_nobody_reads_for_and_a_hospital_without_readers(office: Office) -> None:
    with office.database.write() as session:
        office.directory.add_site(session, "YAMANE", "山根クリニック")
        office.directory.add_site(session, "KITA", "北浜総合病院")
        office.directory.add_contract(session, "MINATO", "KITA")
    told = [finding.told for finding in wrong(office.settings)]
    assert told == ["nobody reads for YAMANE", "no radiologist at KITA"]


def test_images_that_the_database_does_not_know(office: Office) -> None:
    orphan = office.settings.data / "orphans" / "2026" / "03" / "28" / "study" / "image.dcm"
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"")
    (found,) = wrong(office.settings)
    assert (found.subject, "archive orphans" in found.remedy) == ("orphans", True)


def test_no_database_in_the_file(office: Office) -> None:
    office.database.close()
    (office.settings.data / "hub.sqlite").write_bytes(b"no database" * 1000)
    found = wrong(office.settings)
    assert found
    assert all(finding.remedy for finding in found)


@pytest.mark.parametrize(("host", "expected"), [("127.0.0.1", []), ("0.0.0.0", ["demo data"])])  # noqa: S104  # nobody listens here
def test_a_demo_that_others_can_reach(settings: Settings, clock: SetClock, host: str, expected: list[str]) -> None:
    settings.data.chmod(0o700)
    with Office.opened(settings, clock) as office:
        state.begin(office)
    found = wrong(replace(settings, http=Address(host, 8080)))
    assert [finding.subject for finding in found if finding.subject == "demo data"] == expected
    assert json.loads((settings.data / "demo.json").read_text())["complete"] is False


def test_a_send_that_was_given_up(office: Office) -> None:
    row = OutgoingSendRow(
        destination="CHUO_WS",
        asked_by="operator",
        label="study/1.1",
        state="failed",
        created_at=datetime.now(UTC),
        due_at=None,
        finished_at=datetime.now(UTC),
        attempts=8,
        last_error="no connection",
    )
    with office.database.write() as session:
        session.add(row)
    (found,) = wrong(office.settings)
    assert ("sending", True) == (found.subject, "#1 to CHUO_WS: no connection" in found.told)
    with office.database.write() as session:
        session.execute(update(OutgoingSendRow).values(finished_at=datetime.now(UTC) - timedelta(days=31)))
    assert wrong(office.settings) == []


def _commitment(office: Office, commitment_id: str, state: CommitmentState, reason: int | None, days: float) -> None:
    with office.database.write() as session:
        session.add(
            CommitmentRow(
                commitment_id=commitment_id,
                direction=Direction.BY_US.value,
                ae_title="CHUO_WS",
                site_code="CHUO",
                transaction_uid=f"1.{commitment_id}",
                state=state.value,
                asked_at=datetime.now(UTC) - timedelta(days=days),
            )
        )
        references = [Reference("1.2", "1.1.1", reason, "1.1")]
        write_references(session, commitment_id, references)


def test_a_commitment_that_nobody_confirms(office: Office) -> None:
    _commitment(office, "1", CommitmentState.ASKED, None, days=0.9)
    assert wrong(office.settings) == [], "the peer has a day"
    _commitment(office, "2", CommitmentState.ASKED, None, days=1.1)
    (found,) = wrong(office.settings)
    assert ("storage commitment", True) == (found.subject, "1 storage commitments" in found.told)


@pytest.mark.parametrize("state", [CommitmentState.ENDED, CommitmentState.GIVEN_UP])
def test_a_commitment_that_failed_until_a_later_one_confirms(office: Office, state: CommitmentState) -> None:
    _commitment(office, "1", state, 0x0112, days=0.5)
    (found,) = wrong(office.settings)
    assert "storage commitment" == found.subject
    _commitment(office, "2", CommitmentState.ENDED, 0, days=0.1)
    assert wrong(office.settings) == []
