"""Proves that incoming rules change what the index says and nothing in the file."""

from __future__ import annotations

import io
from dataclasses import asdict, replace

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from pacs_node.archive.tables import InstanceRow, PatientRow, StudyRow
from pacs_node.header.scan import Header, scan
from pacs_node.ingest.part10 import read_header
from pacs_node.peers.coerced_header import coerce_header
from pacs_node.peers.coercion import INDEXED, MOST_RULES, Operation, checked_rules
from pacs_node.peers.model import IntakeRules
from tests.pacs_node.conftest import Hub
from tests.support.objects import ct, data_set_of


def header_of(file: bytes) -> Header:
    stream = io.BytesIO(file)
    meta = read_header(stream)
    return scan(stream, meta.dataset_offset, meta.transfer_syntax_uid)


HEADER = header_of(
    ct(PatientID="M0001", PatientName="Yamada^Taro=山田^太郎=ヤマダ^タロウ", StudyDescription="CHEST").file
)


def test_rules_apply_in_their_order_and_are_named() -> None:
    rules = checked_rules(
        [
            'PatientID: prefix "MINATO-"',
            'StudyDescription: replace "CHEST" "胸部"',
            'StudyDescription: suffix " CT"',
            'Modality: set "CR" when Modality "DX"',
            "out StudyDescription: clear",
        ]
    )
    coerced, changed = coerce_header(HEADER, rules)
    assert (coerced.patient_id, coerced.study_description, coerced.modality) == ("MINATO-M0001", "胸部 CT", "CT")
    assert changed == ("PatientID", "StudyDescription")


def test_no_rules_no_work() -> None:
    coerced, changed = coerce_header(HEADER, ())
    assert coerced is HEADER
    assert changed == ()


def test_a_condition_looks_at_what_was_received() -> None:
    rules = checked_rules(['Modality: set "MR" when Modality "CT"', 'StudyID: set "7" when Modality "CT"'])
    coerced, _ = coerce_header(HEADER, rules)
    assert (coerced.modality, coerced.study_id) == ("MR", "7")


def test_a_name_keeps_its_groups() -> None:
    coerced, changed = coerce_header(HEADER, checked_rules(['PatientName: replace "Yamada" "YAMADA"']))
    assert coerced.patient_name == replace(HEADER.patient_name, alphabetic="YAMADA^Taro")
    assert changed == ("PatientName",)


def test_an_id_is_never_cut_short() -> None:
    rules = checked_rules([f'PatientID: prefix "{"X" * 125}"'])
    coerced, changed = coerce_header(HEADER, rules)
    assert (coerced.patient_id, changed) == ("M0001", ())


def test_dates_are_as_the_index_writes_them() -> None:
    rules = checked_rules(['StudyTime: set "0930"', 'PatientBirthDate: set "19500102" when PatientID "M0001"'])
    coerced, _ = coerce_header(HEADER, rules)
    assert (coerced.study_time, coerced.birth_date) == ("093000.000000", "19500102")


@given(
    st.lists(st.sampled_from([one for one in INDEXED if not one.endswith(("Date", "Time"))]), max_size=MOST_RULES),
    st.sampled_from([Operation.PREFIX, Operation.UNPREFIX, Operation.SUFFIX]),
    st.text("AB山 ^=-", min_size=1, max_size=40),
)
def test_uids_are_never_touched_and_what_changed_is_told(keywords: list[str], operation: Operation, text: str) -> None:
    coerced, changed = coerce_header(HEADER, checked_rules(f'{one}: {operation} "{text}"' for one in keywords))
    uids = ("sop_class_uid", "sop_instance_uid", "study_uid", "series_uid")
    assert all(getattr(coerced, name) == getattr(HEADER, name) for name in uids)
    different = {name for name, value in asdict(coerced).items() if value != asdict(HEADER)[name]}
    assert len(different) <= len(changed) <= len(set(keywords))


def test_the_index_says_so_and_the_file_does_not(hub: Hub) -> None:
    image = ct(PatientID="M0001", StudyDescription="CHEST")
    rules = IntakeRules(coercions=checked_rules(['PatientID: prefix "MINATO-"', 'StudyDescription: set "胸部"']))
    hub.store(image.file, rules=rules)
    with hub.database.read() as session:
        [study] = session.scalars(select(StudyRow))
        [patient] = session.scalars(select(PatientRow))
        [instance] = session.scalars(select(InstanceRow))
    assert (study.patient_id, study.study_description, patient.patient_id) == ("MINATO-M0001", "胸部", "MINATO-M0001")
    assert data_set_of(hub.files.path_of(instance.file).read_bytes()) == image.data_set


def test_a_resend_is_recognised_after_the_rules_have_changed(hub: Hub) -> None:
    image = ct(PatientID="M0001")
    assert not hub.store(image.file).duplicate
    assert hub.store(image.file, rules=IntakeRules(coercions=('PatientID: prefix "X"',))).duplicate
