"""Proves that a rule is read back as it is written, a wrong one is named, and none merges people by accident."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs_node.peers.coercion import (
    INDEXED,
    MOST_RULES,
    Condition,
    Direction,
    Operation,
    Rule,
    checked_rules,
    parse,
    parsed,
)
from pacs_node.peers.errors import WrongCoercion

_NO = ("Cc", "Cs", "Co", "Cn", "Zl", "Zp", "Zs", "Cf")
TEXT = st.text(st.characters(exclude_categories=_NO, exclude_characters="\\"))
SHORT = TEXT.filter(lambda text: 0 < len(text) <= 16)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    operation = draw(st.sampled_from([one for one in Operation if one not in {Operation.SET, Operation.DEFAULT}]))
    wanted = {Operation.REPLACE: 2, Operation.STRIP: 0, Operation.UPPER: 0, Operation.CLEAR: 0}.get(operation, 1)
    texts = tuple(draw(SHORT) for _ in range(wanted))
    keyword = draw(st.sampled_from([one for one in INDEXED if not one.endswith(("Date", "Time"))]))
    asked = st.sampled_from(["Modality", "PatientID", "SOPClassUID"])
    when = draw(st.none() | st.builds(Condition, asked, TEXT.filter(lambda text: len(text) < 60)))
    return Rule(draw(st.sampled_from(Direction)), keyword, operation, texts, when)


@given(rules())
def test_what_is_written_is_read_back(rule: Rule) -> None:
    assert parse(str(rule)) == rule


@given(st.text(max_size=80))
def test_anything_else_is_a_rule_or_refused_with_a_reason(text: str) -> None:
    refused: WrongCoercion | None = None
    try:
        rule = parse(text)
    except WrongCoercion as error:
        refused = error
    assert all(refused.details["reason"]) if refused else parse(str(rule)) == rule


@pytest.mark.parametrize(
    ("rule", "value", "becomes"),
    [
        ('PatientID: prefix "MINATO-"', "123", "MINATO-123"),
        ('PatientID: prefix "MINATO-"', "", ""),
        ('PatientID: prefix "1"', "123", "1123"),
        ('PatientID: unprefix "0"', "007", "07"),
        ('StudyID: suffix "-B"', "7", "7-B"),
        ('StudyID: unsuffix "-B"', "7-B", "7"),
        ("AccessionNumber: strip", "　A-1 ", "A-1"),
        ('StudyDescription: replace "CHEST" "胸部"', "CHEST CT CHEST", "胸部 CT 胸部"),
        ('StudyDescription: default "不明"', " ", "不明"),
        ('StudyDescription: default "不明"', "頭部", "頭部"),
        ('StudyDescription: set "say \\"ah\\""', "x", 'say "ah"'),
        ("BodyPartExamined: upper", "Chest", "CHEST"),
        ("SeriesDescription: clear", "x", ""),
        ('StudyDate: set "20260401"', "", "20260401"),
    ],
)
def test_what_a_rule_does(rule: str, value: str, becomes: str) -> None:
    assert parse(rule).applied(value) == becomes


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("", "an attribute's keyword"),
        ("PatientID", "colon"),
        ("PatientID: ", "an operation"),
        ('PatientID: shout "x"', "no operation 'shout'"),
        ("PatientID: prefix", "quotation marks"),
        ('PatientID: prefix "x', "quotation marks"),
        ('PatientID: prefix "x" if Modality "CT"', "before 'if'"),
        ('PatientID: prefix "x" when Modality "CT" "MR"', "behind the condition"),
        ('PatientIdentification: prefix "x"', "no DICOM attribute"),
        ('StudyInstanceUID: prefix "1"', "UIDs are never changed"),
        ('out SOPInstanceUID: set "1.2"', "UIDs are never changed"),
        ('Rows: set "1"', "can't be changed"),
        ('out PixelData: set "1"', "can't be changed"),
        ('out SpecificCharacterSet: set "ISO_IR 192"', "can't be changed"),
        ('out ImageLaterality: set "L"', "can't be changed"),
        ('out PhotometricInterpretation: set "RGB"', "can't be changed"),
        ('InstitutionName: set "x"', "The index has no 'InstitutionName'"),
        ('PatientID: set "x" when InstitutionName "y"', "The index has no 'InstitutionName'"),
        ('PatientID: prefix "x" when PixelData "y"', "no attribute that a condition can ask for"),
        ('StudyDate: prefix "2"', "set, default and clear only"),
        ('StudyDate: set "20261301"', "Write a date"),
        ('StudyTime: set "99"', "Write a date"),
        ('Modality: set "ct"', "no value of Modality"),
        ('StudyID: set "12345678901234567"', "no value of StudyID"),
        ('StudyDescription: replace "" "x"', "is empty"),
        ('StudyDescription: set "a\tb"', "Control characters"),
        ('StudyDescription: set "a\\b"', "quotation marks"),
        ('PatientID: set "1"', "make one patient of many"),
        ('PatientName: default "不明"', "make one patient of many"),
        ('PatientSex: set "O" when Modality "CT"', "make one patient of many"),
        ('StudyDescription: set "' + "x" * 600 + '"', "at most 500"),
    ],
)
def test_a_wrong_rule_is_refused_and_told_why(rule: str, said: str) -> None:
    with pytest.raises(WrongCoercion) as error:
        checked_rules([rule])
    assert said in error.value.details["reason"].en


def test_one_patients_mistyped_id_may_be_mapped() -> None:
    [rule] = checked_rules(['PatientID: set "A-1" when PatientID "A1"'])
    assert rule == 'PatientID: set "A-1" when PatientID "A1"'


def test_there_are_not_endlessly_many() -> None:
    with pytest.raises(WrongCoercion):
        checked_rules(["StudyID: upper"] * (MOST_RULES + 1))


def test_directions_are_kept_apart() -> None:
    texts = ("StudyID: upper", "out StudyID: strip", "in StudyID: clear")
    assert [rule.operation for rule in parsed(texts, Direction.INCOMING)] == [Operation.UPPER, Operation.CLEAR]
    assert [rule.operation for rule in parsed(texts, Direction.OUTGOING)] == [Operation.STRIP]


@given(st.lists(TEXT, min_size=2, max_size=5, unique=True), TEXT)
def test_prefixes_never_make_two_ids_one(ids: list[str], text: str) -> None:
    rule = Rule(Direction.INCOMING, "PatientID", Operation.PREFIX, (text,))
    assert len({rule.applied(one) for one in ids}) == len(ids)
