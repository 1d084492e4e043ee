"""Proves Modality Worklist and MPPS over real associations: pynetdicom and dcmtk as scanners."""

from __future__ import annotations

import shutil
import struct
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import AE
from sqlalchemy import event, select
from structlog.testing import capture_logs

from pacs_node.completion import CompletionWorker
from pacs_node.expectations.service import expected_counts
from pacs_node.model import PersonName
from pacs_node.peers.model import IntakeRules, Service
from pacs_node.procedures import performed_service
from pacs_node.procedures.mpps_scp import MPPS, MppsService
from pacs_node.procedures.performed import StepState
from pacs_node.procedures.performed_service import PerformedSteps
from pacs_node.procedures.ports import ScheduledProcedure, Wanted
from pacs_node.procedures.tables import PerformedStepMessageRow, PerformedStepRow
from pacs_node.procedures.worklist_scp import MODALITY_WORKLIST, WorklistService
from pacs_node.upper_layer.command_set import encode
from pacs_node.upper_layer.requestor import IMPLICIT_LITTLE, Proposal, Requestor
from shared_kernel.audit.tables import AuditRow
from shared_kernel.audit.trail import first_broken_link
from shared_kernel.events.tables import OutboxRow
from shared_kernel.ids import new_uid
from tests.pacs_node.conftest import Hub
from tests.pacs_node.procedures.test_matching import PLANNED, keys
from tests.pacs_node.procedures.test_performed import creation, ending
from tests.support import requesting
from tests.support.objects import ct
from tests.support.raw_scu import Closed, RawScu
from tests.support.raw_scu import association as raw_association

FINDSCU = shutil.which("findscu")
Address = tuple[str, int]
EVERYTHING = frozenset({Service.STORE, Service.WORKLIST, Service.MPPS})


class Plan:
    """Planned examinations in memory."""

    def __init__(self, *planned: ScheduledProcedure) -> None:
        self.planned = list(planned)
        self.given = 0

    def scheduled(self, wanted: Wanted) -> Iterator[ScheduledProcedure]:
        """Those of the site."""
        for each in self.planned:
            if each.site_code == wanted.site_code:
                self.given += 1
                yield each


@pytest.fixture
def plan() -> Plan:
    return Plan(
        PLANNED,
        replace(PLANNED, accession_number="R2", study_uid="2.25.9", modality="MR", station_ae_title=""),
        replace(PLANNED, accession_number="K1", study_uid="2.25.11", site_code="OTHER"),
    )


@contextmanager
def serving(hub: Hub, plan: Plan) -> Iterator[Address]:
    """The node with both services, on the hub's database."""
    services = [
        WorklistService(plan, hub.gate, hub.database, hub.clock),
        MppsService(PerformedSteps(hub.database, hub.clock, hub.gate)),
    ]
    limits: dict[str, Any] = {"services": services}
    node = hub.node(limits)
    try:
        yield tuple(node.start())
    finally:
        node.stop()


@pytest.fixture
def scanner(hub: Hub, plan: Plan) -> Iterator[Address]:
    """Where scanners of two sites are known: OLD_CT, LATIN_CT and KANA_CT read old sets, STORE_CT only stores."""
    with hub.database.write() as session:
        hub.peers.add(session, "CLINIC_CT", "CLINIC", services=EVERYTHING)
        hub.peers.add(session, "OTHER_CT", "OTHER", services=EVERYTHING)
        old = IntakeRules(character_set="\\ISO 2022 IR 87")
        hub.peers.add(session, "OLD_CT", "CLINIC", services=EVERYTHING, intake=old)
        hub.peers.add(session, "LATIN_CT", "CLINIC", services=EVERYTHING, answers_in="ISO_IR 100")
        hub.peers.add(session, "KANA_CT", "CLINIC", services=EVERYTHING, answers_in="ISO_IR 13")
        hub.peers.add(session, "STORE_CT", "CLINIC")
    with serving(hub, plan) as address:
        yield address


@contextmanager
def associated(address: Address, calling: str = "CLINIC_CT", *classes: str) -> Iterator[Any]:
    ae = AE(calling)
    for each in classes or (MODALITY_WORKLIST, MPPS):
        ae.add_requested_context(each)
    assoc = requesting.associate(ae, *address, ae_title="DOKUEI")
    yield assoc
    if assoc.is_established:
        assoc.release()


def asked(address: Address, identifier: Dataset, calling: str = "CLINIC_CT") -> tuple[list[Dataset], list[int]]:
    """Items and statuses of one C-FIND."""
    with associated(address, calling) as assoc:
        answers = list(assoc.send_c_find(identifier, MODALITY_WORKLIST))
    statuses = [status.Status for status, _ in answers]
    return [item for _, item in answers if item is not None], statuses


def test_a_code_that_ascii_can_not_say_goes_out_empty(scanner: Address, plan: Plan) -> None:
    plan.planned = [replace(PLANNED, patient=replace(PLANNED.patient, sex=sex)) for sex in ("女", "é", "F")]
    for calling in ("CLINIC_CT", "LATIN_CT", "KANA_CT"):
        items, statuses = asked(scanner, keys(PatientSex="", PatientID=""), calling)
        assert [item.PatientSex for item in items] == ["", "", "F"]
        assert statuses == [0xFF00, 0xFF00, 0xFF00, 0x0000]


WHOLE = keys(PatientName="", PatientID="", AccessionNumber="", StudyInstanceUID="", ReasonForTheRequestedProcedure="")


def test_a_scanner_gets_its_own_site_s_items(scanner: Address, hub: Hub) -> None:
    items, statuses = asked(scanner, WHOLE)
    assert [item.AccessionNumber for item in items] == ["R2603280001", "R2"]
    assert statuses == [0xFF00, 0xFF00, 0x0000]
    assert str(items[0].PatientName) == "TAKAHASHI^HANAKO=髙橋^花子=タカハシ^ハナコ"
    assert items[1].ScheduledProcedureStepSequence[0].ScheduledStationAETitle == "CLINIC_CT"
    assert [item.AccessionNumber for item in asked(scanner, WHOLE, "OTHER_CT")[0]] == ["K1"]
    with hub.database.read() as session:
        done = session.scalars(select(AuditRow.reason).where(AuditRow.action == "request.list")).all()
        assert "2 worklist items sent" in done
        assert first_broken_link(session) is None


def test_an_old_scanner_gets_names_in_iso_2022_never_as_question_marks(scanner: Address) -> None:
    [first, _], _ = asked(scanner, WHOLE, "OLD_CT")
    assert list(first.SpecificCharacterSet) == ["", "ISO 2022 IR 87"]
    assert str(first.PatientName) == "TAKAHASHI^HANAKO=高橋^花子=タカハシ^ハナコ"
    assert first.ReasonForTheRequestedProcedure == "咳嗽が続く 血痰"


@pytest.mark.parametrize(
    ("title", "declared", "name", "description"),
    [
        ("LATIN_CT", None, "TAKAHASHI^HANAKO", "CT"),
        ("KANA_CT", "ISO_IR 13", "TAKAHASHI^HANAKO==ﾀｶﾊｼ^ﾊﾅｺ", "CT"),
    ],
)
def test_a_scanner_of_one_old_set_gets_what_that_can_say(
    scanner: Address, title: str, declared: str | None, name: str, description: str
) -> None:
    utf_8 = keys(PatientName="", RequestedProcedureDescription="", SpecificCharacterSet="ISO_IR 192")
    [first, _], _ = asked(scanner, utf_8, title)
    assert (first.get("SpecificCharacterSet"), str(first.PatientName)) == (declared, name)
    assert first.RequestedProcedureDescription == description
    whole, _ = asked(scanner, WHOLE, title)
    assert not [element for item in whole for element in item if "?" in str(element.value)]


def test_a_name_that_the_scanner_s_set_can_t_say_is_the_patient_s_id(scanner: Address, plan: Plan) -> None:
    plan.planned = [replace(PLANNED, patient=replace(PLANNED.patient, name=PersonName(ideographic="髙橋 花子")))]
    [item], _ = asked(scanner, WHOLE, "LATIN_CT")
    assert str(item.PatientName) == item.PatientID == PLANNED.patient.patient_id


@pytest.mark.parametrize(("title", "patient_id"), [("LATIN_CT", "１２３"), ("KANA_CT", "１２３"), ("OLD_CT", "É①2")])
def test_an_item_whose_patient_id_the_scanner_s_set_can_t_say_is_left_out(
    scanner: Address, plan: Plan, title: str, patient_id: str
) -> None:
    nameless = replace(PLANNED.patient, patient_id=patient_id, name=PersonName(ideographic="髙橋 花子"))
    plan.planned = [replace(PLANNED, patient=nameless), replace(PLANNED, accession_number="R2")]
    with capture_logs() as logs:
        items, statuses = asked(scanner, WHOLE, title)
    assert [(item.PatientID, item.AccessionNumber) for item in items] == [("P-9", "R2")]
    assert statuses == [0xFF00, 0]
    [told] = [line for line in logs if line["event"] == "worklist.item_left_out"]
    assert told["study_uid"] == PLANNED.study_uid
    if title != "OLD_CT":
        # The id would stand for the name too.
        assert [str(item.PatientName)[:9] for item in asked(scanner, keys(PatientName=""), title)[0]] == ["TAKAHASHI"]


def test_kana_and_letters_stand_in_one_value(scanner: Address, plan: Plan) -> None:
    hanako = replace(PLANNED.patient, patient_id="ｱ1", name=PersonName(phonetic="タカハシ A"))
    plan.planned = [replace(PLANNED, patient=hanako, procedure_description="CT アレルギー")]
    [item], _ = asked(scanner, keys(PatientName="", PatientID="", RequestedProcedureDescription=""), "KANA_CT")
    assert (item.SpecificCharacterSet, item.PatientID) == ("ISO_IR 13", "ｱ1")
    assert (str(item.PatientName), item.RequestedProcedureDescription) == ("ﾀｶﾊｼ^A", "CT ｱﾚﾙｷﾞｰ")


def test_an_accession_number_that_the_scanner_s_set_can_t_say_is_empty(scanner: Address, plan: Plan) -> None:
    plan.planned = [replace(PLANNED, accession_number="Ａ１")]
    step = {"ScheduledProcedureStepID": ""}
    [item], _ = asked(scanner, keys(step, PatientID="", AccessionNumber="", RequestedProcedureID=""), "KANA_CT")
    assert (item.PatientID, item.AccessionNumber or "", item.RequestedProcedureID or "") == ("P-9", "", "")
    assert not item.ScheduledProcedureStepSequence[0].ScheduledProcedureStepID


def test_a_scanner_that_writes_utf_8_is_answered_in_it(scanner: Address) -> None:
    utf_8 = keys(PatientName="髙橋*", SpecificCharacterSet="ISO_IR 192")
    items, _ = asked(scanner, utf_8)
    assert {item.SpecificCharacterSet for item in items} == {"ISO_IR 192"}
    assert len(items) == 2


def test_times_are_said_to_be_japan_s_where_the_scanner_asks(scanner: Address) -> None:
    [item], statuses = asked(scanner, keys({"Modality": "CT"}, AccessionNumber="", TimezoneOffsetFromUTC="+0000"))
    assert (item.TimezoneOffsetFromUTC, statuses) == ("+0900", [0xFF00, 0x0000])
    [item], _ = asked(scanner, keys({"Modality": "CT"}, AccessionNumber=""))
    assert "TimezoneOffsetFromUTC" not in item


def test_nested_and_unsupported_keys_and_bad_ones(scanner: Address) -> None:
    items, statuses = asked(scanner, keys({"Modality": "MR", "ScheduledStationName": "MR1"}, AccessionNumber=""))
    assert [item.AccessionNumber for item in items] == ["R2"]
    assert statuses == [0xFF01, 0x0000]
    assert asked(scanner, keys({"ScheduledProcedureStepStartDate": "20260231"})) == ([], [0xA900])


def test_a_peer_without_the_service_has_no_context(scanner: Address) -> None:
    with associated(scanner, "STORE_CT") as assoc:
        assert not assoc.is_established


def test_cancel_ends_a_long_answer(scanner: Address, plan: Plan) -> None:
    plan.planned = [replace(PLANNED, accession_number=f"N{number}") for number in range(5000)]
    with associated(scanner) as assoc:
        answers = assoc.send_c_find(WHOLE, MODALITY_WORKLIST, msg_id=7)
        next(answers)
        assoc.send_c_cancel(7, assoc.accepted_contexts[0].context_id)
        *_, (last, _) = answers
    assert last.Status == 0xFE00
    assert plan.given < 5000


def _created(address: Address, attributes: Dataset, step: str | None, calling: str = "CLINIC_CT") -> tuple[int, str]:
    with associated(address, calling) as assoc:
        status, _ = assoc.send_n_create(attributes, MPPS, step)
    return status.Status, str(status.get("AffectedSOPInstanceUID", ""))


def _set(address: Address, changes: Dataset, step: str, calling: str = "CLINIC_CT") -> Dataset:
    with associated(address, calling) as assoc:
        status, _ = assoc.send_n_set(changes, MPPS, step)
    return status


def _told(hub: Hub) -> list[str]:
    with hub.database.read() as session:
        return list(session.scalars(select(OutboxRow.name).order_by(OutboxRow.sequence)))


def test_a_step_is_kept_and_told_and_ends(scanner: Address, hub: Hub) -> None:
    step = new_uid()
    assert _created(scanner, creation(), step)[0] == 0
    hub.clock.move(timedelta(minutes=5))
    assert _set(scanner, ending("COMPLETED", "1.2.3"), step).Status == 0
    late = _set(scanner, ending("DISCONTINUED"), step)
    assert (late.Status, late.ErrorID) == (0x0110, 0xA710)
    assert _told(hub) == ["MppsStarted", "MppsCompleted"]
    kept = PerformedSteps(hub.database, hub.clock, hub.gate).step("CLINIC", step)
    assert kept is not None
    assert (kept.state, kept.instances, str(kept.attributes.PatientName)) == (
        StepState.COMPLETED,
        ["1.2.3"],
        "Yamada^Taro",
    )
    with hub.database.read() as session:
        row = session.get(PerformedStepRow, ("CLINIC", step))
        assert row is not None
        assert (row.study_uid, row.accession_number, row.ae_title, row.site_code) == (
            "2.25.7",
            "R1",
            "CLINIC_CT",
            "CLINIC",
        )
        messages = session.scalars(select(PerformedStepMessageRow.message)).all()
    assert messages == ["N-CREATE", "N-SET"]


@pytest.mark.parametrize("said", ["no data set", "a data set without elements"])
def test_a_change_of_nothing_is_answered(scanner: Address, hub: Hub, said: str) -> None:
    step = new_uid()
    assert _created(scanner, creation(), step)[0] == 0
    with raw_association(scanner, [(MPPS, [IMPLICIT_LITTLE])]) as scu:
        _send_set(scu, step, data_set_type=0x0101 if said == "no data set" else 0x0001)
        if said != "no data set":
            scu.send_data(1, b"")
        assert scu.read_response().status == 0
    kept = PerformedSteps(hub.database, hub.clock, hub.gate).step("CLINIC", step)
    assert kept is not None
    assert kept.state is StepState.IN_PROGRESS


def test_a_change_whose_data_set_never_comes_is_not_whole(scanner: Address) -> None:
    """pynetdicom sends a change of nothing so: a data set is announced, no fragment follows (PS3.8 annex E.2)."""
    step = new_uid()
    assert _created(scanner, creation(), step)[0] == 0
    scu = RawScu(scanner)
    scu.associate("CLINIC_CT", "DOKUEI", [(MPPS, [IMPLICIT_LITTLE])])
    with capture_logs() as logs:
        _send_set(scu, step, data_set_type=0x0001)
        with pytest.raises(Closed):
            scu.echo()
    scu.close()
    assert "a command in the middle of a data set" in {line.get("reason") for line in logs}


def _send_set(scu: RawScu, step: str, data_set_type: int) -> None:
    elements = {0x0003: MPPS, 0x1001: step}
    numbers = {0x0100: 0x0120, 0x0110: 1, 0x0800: data_set_type}
    scu.send_command(
        1,
        {tag: uid.encode() + b"\0" * (len(uid) % 2) for tag, uid in elements.items()}
        | {tag: number.to_bytes(2, "little") for tag, number in numbers.items()},
    )


def test_a_uid_is_given_where_none_came(scanner: Address, hub: Hub) -> None:
    status, _ = _created(scanner, creation(), None)
    assert status == 0
    with hub.database.read() as session:
        [row] = session.scalars(select(PerformedStepRow)).all()
    assert row.sop_instance_uid.startswith("2.25.")


def test_wrong_messages_have_the_standard_s_statuses_and_leave_nothing(scanner: Address, hub: Hub) -> None:
    step = new_uid()
    assert _created(scanner, creation(Modality=None), step)[0] == 0x0120
    assert _created(scanner, creation(PerformedProcedureStepID=""), step)[0] == 0x0121
    assert _created(scanner, creation(PerformedProcedureStepStatus="COMPLETED"), step)[0] == 0x0106
    assert _set(scanner, ending(), step).Status == 0x0112
    assert _told(hub) == []
    assert _created(scanner, creation(), step)[0] == 0
    assert _created(scanner, creation(), step)[0] == 0x0111
    assert _set(scanner, ending(), step, "OTHER_CT").Status == 0x0112
    assert _told(hub) == ["MppsStarted"]


def test_a_site_can_t_take_the_uid_of_another_site_s_step(scanner: Address, hub: Hub) -> None:
    step = new_uid()
    assert _created(scanner, creation(), step, "OTHER_CT")[0] == 0
    assert _set(scanner, ending("COMPLETED", "1.2.9"), step).Status == 0x0112
    assert _created(scanner, creation(), step)[0] == 0
    assert _set(scanner, ending("COMPLETED", "1.2.3"), step).Status == 0
    steps = PerformedSteps(hub.database, hub.clock, hub.gate)
    own, other = steps.step("CLINIC", step), steps.step("OTHER", step)
    assert own is not None
    assert other is not None
    assert (own.state, own.instances, other.state) == (StepState.COMPLETED, ["1.2.3"], StepState.IN_PROGRESS)
    with hub.database.read() as session:
        messages = select(PerformedStepMessageRow.message).order_by(PerformedStepMessageRow.number)
        assert session.scalars(messages.filter_by(site_code="CLINIC")).all() == ["N-CREATE", "N-SET"]
        assert session.scalars(messages.filter_by(site_code="OTHER")).all() == ["N-CREATE"]


def test_a_step_goes_on_after_a_restart(scanner: Address, hub: Hub, plan: Plan) -> None:
    step = new_uid()
    assert _created(scanner, creation(), step)[0] == 0
    with serving(hub, plan) as another:
        assert _set(another, ending("DISCONTINUED"), step).Status == 0
    assert _told(hub) == ["MppsStarted", "MppsDiscontinued"]


def test_two_at_once_end_a_step_once(scanner: Address, hub: Hub) -> None:
    step = new_uid()
    assert _created(scanner, creation(), step)[0] == 0
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda how=how: statuses.append(_set(scanner, ending(how), step).Status))
        for how in ("COMPLETED", "DISCONTINUED")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(statuses) == [0, 0x0110]
    assert len(_told(hub)) == 2


def test_what_another_site_s_scanner_performed_is_expected_of_its_own_study_alone(scanner: Address, hub: Hub) -> None:
    study, image = "2.25.7", ct(StudyInstanceUID="2.25.7")
    hub.store(image.file)
    worker = CompletionWorker(hub.database, hub.clock, hub.settings)
    own, other = ("CLINIC", study), ("OTHER", study)

    def expected() -> Mapping[tuple[str, str], int]:
        with hub.database.read() as session:
            return expected_counts(session, [own, other])

    foreign, mine = new_uid(), new_uid()
    assert _created(scanner, creation(), foreign, "OTHER_CT")[0] == 0
    assert _set(scanner, ending("COMPLETED", image.sop_instance, "1.2.9"), foreign, "OTHER_CT").Status == 0
    assert (expected(), worker.run_once()) == ({other: 2}, 0)
    assert _created(scanner, creation(), mine)[0] == 0
    assert _set(scanner, ending("COMPLETED", image.sop_instance), mine).Status == 0
    assert (expected(), worker.run_once()) == ({own: 1, other: 2}, 1)
    assert _told(hub)[-1] == "StudyArrived"


HUGE = struct.pack("<HHI", 0x0008, 0x1140, 4 * 2**20 - 16) + b"\xfe\xff\0\xe0\0\0\0\0" * (2**19 - 2)
"""A sequence of half a million empty items."""


@pytest.mark.parametrize(
    ("sop_class", "request_field", "expected"), [(MODALITY_WORKLIST, 0x0020, 0xC001), (MPPS, 0x0140, 0x0110)]
)
def test_a_data_set_of_nothing_but_items_is_refused_and_the_association_goes_on(
    scanner: Address, sop_class: str, request_field: int, expected: int
) -> None:
    proposals = [Proposal(sop_class, (IMPLICIT_LITTLE,))]
    how = {"calling": "CLINIC_CT", "called": "DOKUEI", "implementation_class_uid": "2.25.1"}
    with Requestor.open(scanner, proposals=proposals, **how) as association:
        for message_id in (1, 2):
            command = {0x0002: sop_class, 0x0100: request_field, 0x0110: message_id, 0x0700: 0, 0x0800: 1}
            association.send(1, encode({**command, 0x1000: new_uid()}), HUGE)
            assert association.receive().command.status == expected


def test_a_step_takes_no_more_changes_than_are_kept_but_always_its_end(
    scanner: Address, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(performed_service, "MOST_MESSAGES", 3)
    step, another = new_uid(), new_uid()
    assert [_created(scanner, creation(), each)[0] for each in (step, another)] == [0, 0]
    change = Dataset()
    change.PerformedProcedureStepDescription = "THORAX"
    statuses = [_set(scanner, change, step) for _ in range(4)]
    assert [status.Status for status in statuses] == [0, 0, 0x0213, 0x0213]
    assert statuses[-1].ErrorComment == "Too many changes of one step; only its end is taken."
    monkeypatch.setattr(performed_service, "MOST_CHARACTERS", 100)
    assert _set(scanner, change, another).Status == 0x0213
    assert _set(scanner, ending("COMPLETED", "1.2.3"), step).Status == 0
    assert _told(hub) == ["MppsStarted", "MppsStarted", "MppsCompleted"]
    with hub.database.read() as session:
        kept = session.scalars(select(PerformedStepMessageRow.message).filter_by(sop_instance_uid=step)).all()
    assert kept == ["N-CREATE", "N-SET", "N-SET", "N-SET"]


def test_what_one_site_says_of_a_step_takes_no_room_from_another_site_s(
    scanner: Address, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(performed_service, "MOST_MESSAGES", 2)
    step = new_uid()
    assert [_created(scanner, creation(), step, title)[0] for title in ("CLINIC_CT", "OTHER_CT")] == [0, 0]
    change = Dataset()
    change.PerformedProcedureStepDescription = "THORAX"
    assert [_set(scanner, change, step, "OTHER_CT").Status for _ in range(2)] == [0, 0x0213]
    assert _set(scanner, change, step).Status == 0


@pytest.mark.only_sqlite("EXPLAIN QUERY PLAN")
def test_the_messages_of_a_step_are_counted_by_their_index(scanner: Address, hub: Hub) -> None:
    step = new_uid()
    assert _created(scanner, creation(), step)[0] == 0
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if "sum(length(performed_step_message" in statement:
            asked.append((statement, parameters))

    event.listen(hub.database.engine, "before_cursor_execute", note)
    change = Dataset()
    change.PerformedProcedureStepDescription = "THORAX"
    try:
        assert _set(scanner, change, step).Status == 0
    finally:
        event.remove(hub.database.engine, "before_cursor_execute", note)
    [(statement, parameters)] = asked
    with hub.database.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    assert "ix_performed_step_message_site_code_sop_instance_uid" in " ".join(str(row[-1]) for row in plan)


@pytest.mark.skipif(FINDSCU is None, reason="dcmtk's findscu is not installed")
def test_dcmtk_reads_the_worklist(scanner: Address, tmp_path: Path) -> None:
    found = tmp_path / "found"
    found.mkdir()
    words = ["-W", "-X", "-od", str(found), "-aet", "CLINIC_CT", "-aec", "DOKUEI", "-to", "20"]
    words += ["-k", "PatientName=たかはし*", "-k", "SpecificCharacterSet=ISO_IR 192", "-k", "PatientWeight"]
    words += ["-k", "(0040,0100)[0].Modality=CT", "-k", "(0040,0100)[0].ScheduledStationAETitle=CLINIC_CT"]
    words += ["-k", "(0040,0100)[0].ScheduledProcedureStepStartDate=20260301-20260401"]
    done = subprocess.run(
        [str(FINDSCU), *words, *map(str, scanner)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    [item] = [dcmread(file, force=True) for file in sorted(found.iterdir())]
    assert str(item.PatientName) == "TAKAHASHI^HANAKO=髙橋^花子=タカハシ^ハナコ"
    assert item.ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate == "20260328"
