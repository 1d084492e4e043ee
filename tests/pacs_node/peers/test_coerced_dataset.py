"""Proves that outgoing rules change what they name, that text is never written as `?`, and that UIDs stay."""

from __future__ import annotations

import io

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from pacs_node.peers.coerced_dataset import coerce_outgoing
from pacs_node.peers.coercion import checked_rules
from tests.support.objects import ct, part10


def sent(**keywords: object) -> Dataset:
    return pydicom.dcmread(io.BytesIO(ct(**keywords).file))


def received(dataset: Dataset) -> Dataset:
    """What the peer reads after writing and reading."""
    return pydicom.dcmread(io.BytesIO(part10(dataset).file))


def test_what_is_named_changes_and_the_rest_stays() -> None:
    dataset, before = sent(), sent()
    before.SOPInstanceUID = dataset.SOPInstanceUID
    rules = checked_rules(
        [
            'out InstitutionName: set "みなと診療所"',
            'out PatientID: prefix "MINATO-"',
            'out StationName: suffix "X"',
            'out Modality: set "CR" when Modality "DX"',
            "StudyDescription: clear",
        ]
    )
    assert coerce_outgoing(dataset, rules) == ("InstitutionName", "PatientID")
    arrived = received(dataset)
    assert (arrived.InstitutionName, arrived.PatientID, arrived.Modality) == ("みなと診療所", "MINATO-P-1", "CT")
    assert arrived.StudyDescription == "頭部単純ＣＴ"
    assert "StationName" not in arrived
    assert arrived.PixelData == before.PixelData


@pytest.mark.parametrize(
    ("declared", "text", "then"),
    [
        ("ISO_IR 192", "髙橋𠮷", "ISO_IR 192"),
        (None, "胸部", "ISO_IR 192"),
        (None, "café", "ISO_IR 192"),
        ("ISO_IR 100", "café", "ISO_IR 100"),
        ("ISO_IR 100", "胸部", "ISO_IR 192"),
        (["", "ISO 2022 IR 87"], "胸部", ["", "ISO 2022 IR 87"]),
        (["", "ISO 2022 IR 87"], "髙橋", "ISO_IR 192"),
        (["ISO 2022 IR 13", "ISO 2022 IR 87"], "ﾑﾈ胸", ["ISO 2022 IR 13", "ISO 2022 IR 87"]),
        ("ISO_IR 13", "胸部", "ISO_IR 192"),
        (None, "CHEST", None),
    ],
)
def test_text_finds_a_set_that_holds_it(declared: object, text: str, then: object) -> None:
    plain = {"StudyDescription": "x", "ReferringPhysicianName": "A^B", "PatientName": "C^D"}
    dataset = sent(SpecificCharacterSet=declared, **plain)
    changed = coerce_outgoing(dataset, checked_rules([f'out InstitutionName: set "{text}"']))
    arrived = received(dataset)
    assert arrived.InstitutionName == text
    assert arrived.get("SpecificCharacterSet") == then
    assert ("SpecificCharacterSet" in changed) is (declared != then)


def test_names_and_sequences_survive_the_change_of_set() -> None:
    item = Dataset()
    item.CodeMeaning = "胸部"
    item.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
    dataset = sent(SpecificCharacterSet=["", "ISO 2022 IR 87"], StudyDescription="胸部", ProcedureCodeSequence=[item])
    coerce_outgoing(dataset, checked_rules(['out InstitutionName: set "髙橋医院"']))
    arrived = received(dataset)
    assert arrived.SpecificCharacterSet == "ISO_IR 192"
    assert (arrived.PatientName, arrived.StudyDescription) == ("Yamada^Taro=山田^太郎=やまだ^たろう", "胸部")
    assert arrived.ProcedureCodeSequence[0].CodeMeaning == "胸部"


def test_each_value_of_many_is_changed() -> None:
    dataset = sent(OtherPatientNames=["A^B", "C^D"])
    coerce_outgoing(dataset, checked_rules(['out OtherPatientNames: prefix "X"']))
    assert list(map(str, received(dataset).OtherPatientNames)) == ["XA^B", "XC^D"]


def test_what_would_be_too_long_stays() -> None:
    dataset = sent(AccessionNumber="1234567890")
    assert coerce_outgoing(dataset, checked_rules(['out AccessionNumber: prefix "MINATO-"'])) == ()
    assert dataset.AccessionNumber == "1234567890"


def test_conditions_know_uids() -> None:
    dataset = sent()
    rules = checked_rules([f'out StudyID: default "7" when SOPClassUID "{dataset.SOPClassUID}"'])
    assert coerce_outgoing(dataset, rules) == ("StudyID",)


@given(st.lists(st.sampled_from(["PatientID", "StudyDescription", "InstitutionName", "PatientName"]), max_size=5))
def test_uids_never_change(keywords: list[str]) -> None:
    dataset = sent()
    before = {element.keyword: element.value for element in dataset if element.VR == "UI"}
    coerce_outgoing(dataset, checked_rules(f'out {keyword}: prefix "9"' for keyword in keywords))
    assert {element.keyword: element.value for element in dataset if element.VR == "UI"} == before
