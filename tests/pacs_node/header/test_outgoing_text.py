"""Proves that texts of our own go out in the smallest set that holds them, and never as question marks."""

from __future__ import annotations

import io
import unicodedata
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian
from structlog.testing import capture_logs

from pacs_node.header.outgoing_text import encode_dataset_text, outgoing_text
from pacs_node.header.single_set import single_set

JAPANESE = "\\ISO 2022 IR 87"
WITH_SUPPLEMENT = "\\ISO 2022 IR 87\\ISO 2022 IR 159"


def named(name: str, **more: object) -> Dataset:
    """A data set with a patient's name, as a worklist item or a response to a query has it."""
    ds = Dataset()
    ds.PatientName = name
    for keyword, value in more.items():
        setattr(ds, keyword, value)
    return ds


def read_back(ds: Dataset) -> Dataset:
    """What another program reads of what is written; a warning of the writer fails the test."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dcmwrite(buffer, ds, implicit_vr=True, little_endian=True)
    buffer.seek(0)
    read = dcmread(buffer, force=True)
    assert read.file_meta.get("TransferSyntaxUID", ImplicitVRLittleEndian) == ImplicitVRLittleEndian
    return read


@pytest.mark.parametrize(
    ("name", "preference", "declared"),
    [
        ("Yamada^Taro", "", None),
        ("Yamada^Taro", "ISO_IR 192", None),
        ("Jérôme", "", "ISO_IR 100"),
        ("Yamada^Taro=山田^太郎=やまだ^たろう", "", ["", "ISO 2022 IR 87"]),
        ("=邉邊^齋齊廣濱淵", "", ["", "ISO 2022 IR 87"]),
        ("=山田^太郎", "ISO_IR 192", "ISO_IR 192"),
        ("=山田^太郎", "ISO_IR 100", ["", "ISO 2022 IR 87"]),
        ("=濵田^太郎", "", ["", "ISO 2022 IR 87", "ISO 2022 IR 159"]),
        ("ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎", "", ["", "ISO 2022 IR 13", "ISO 2022 IR 87"]),
        ("=髙﨑^栁𠮷", "", "ISO_IR 192"),
        ("=濵瀨^德", "", "ISO_IR 192"),
        ("Ɐneas=山田", "", "ISO_IR 192"),
    ],
)
def test_the_smallest_set_that_holds_the_text(name: str, preference: str, declared: object) -> None:
    ds = named(name)
    outgoing = encode_dataset_text(ds, preference)
    read = read_back(ds)
    assert (name, declared) == (str(read.PatientName), read.get("SpecificCharacterSet"))
    assert outgoing.folded == {}


@pytest.mark.parametrize(
    ("name", "preference", "written"),
    [
        ("=髙﨑^栁𠮷", JAPANESE, "=高崎^柳吉"),
        ("=濵田^瀨德", JAPANESE, "=浜田^瀬徳"),
        ("=濵田^瀨德", WITH_SUPPLEMENT, "=濵田^瀬徳"),
        ("ﾔﾏﾀﾞ^ﾀﾛｳ", JAPANESE, "ヤマダ^タロウ"),
        ("ﾔﾏﾀﾞ^ﾀﾛｳ=髙田", "ISO 2022 IR 13\\ISO 2022 IR 87", "ﾔﾏﾀﾞ^ﾀﾛｳ=高田"),
        ("=髙田", "ISO_IR 13", "=高田"),
        ("=辻\U000e0100^太郎", JAPANESE, "=辻^太郎"),
        ("=山田^\U0001f600", JAPANESE, "=山田^〓"),
        ("=Jérôme^田", JAPANESE, "=Jerome^田"),
    ],
)
def test_a_receiver_of_iso_2022_gets_the_common_forms(name: str, preference: str, written: str) -> None:
    ds = named(name)
    assert encode_dataset_text(ds, preference).folded
    assert written == str(read_back(ds).PatientName)


IDENTIFIERS = (
    "PatientID",
    "IssuerOfPatientID",
    "AccessionNumber",
    "StudyID",
    "RequestedProcedureID",
    "ScheduledProcedureStepID",
)


@pytest.mark.parametrize(
    ("preference", "value"),
    [
        (JAPANESE, "É①2"),
        (JAPANESE, "ｱ1"),
        (JAPANESE, "1～2"),
        (WITH_SUPPLEMENT, "P①"),
        ("ISO_IR 6", "１２３"),
        ("ISO_IR 13", "Ａ１"),
        ("ISO_IR 100", "１２３"),
    ],
)
def test_identifiers_are_never_folded_they_are_left_out(preference: str, value: str) -> None:
    step = named("=髙橋", ScheduledProcedureStepID=value)
    others = dict.fromkeys(IDENTIFIERS[:-1], value)
    ds = named("=髙橋", **others, OtherPatientIDs=["P-1", value], ScheduledProcedureStepSequence=[step])
    with capture_logs() as logs:
        encode_dataset_text(ds, preference, only=single_set(preference))
    read = read_back(ds)
    assert [read[keyword].value or "" for keyword in IDENTIFIERS[:-1]] == [""] * 5
    assert read.ScheduledProcedureStepSequence[0].ScheduledProcedureStepID in ("", None)
    assert read.OtherPatientIDs == "P-1"
    [told] = [line for line in logs if line["event"] == "text.identifiers_left_out"]
    assert told["keywords"] == " ".join(sorted({*IDENTIFIERS, "OtherPatientIDs"}))
    assert value not in str(told)


@pytest.mark.parametrize(
    ("preference", "value"),
    [(JAPANESE, "１２３"), ("ISO_IR 13", "ｱ1"), ("ISO_IR 100", "É2"), ("GB18030", "誠1"), ("", "É①2"), ("", "𠮷1")],
)
def test_identifiers_that_the_set_has_go_out_to_the_letter(preference: str, value: str) -> None:
    ds = named("=山田", PatientID=value, OtherPatientIDs=["P-1", value])
    encode_dataset_text(ds, preference, only=single_set(preference))
    read = read_back(ds)
    assert (read.PatientID, list(read.OtherPatientIDs)) == (value, ["P-1", value])


def test_descriptions_and_sequences_are_in_the_same_set() -> None:
    step = named("=髙橋", SpecificCharacterSet="ISO_IR 192", ScheduledProcedureStepDescription="胸部 ①～②\r\n㈱")
    ds = named("=山田", StudyDescription="頭部", OtherPatientNames=["=山田", "=栁田"], RequestAttributesSequence=[step])
    ds.ImageComments = ""
    encode_dataset_text(ds)
    read = read_back(ds)
    item = read.RequestAttributesSequence[0]
    assert "ISO_IR 192" == read.SpecificCharacterSet
    assert ("=髙橋", "胸部 ①～②\r\n㈱") == (str(item.PatientName), item.ScheduledProcedureStepDescription)
    assert ["=山田", "=栁田"] == [str(name) for name in read.OtherPatientNames]

    encode_dataset_text(ds, JAPANESE)
    read = read_back(ds)
    assert ["", "ISO 2022 IR 87"] == read.SpecificCharacterSet
    assert "胸部 1〜2\r\n(株)" == read.RequestAttributesSequence[0].ScheduledProcedureStepDescription
    assert ["=山田", "=柳田"] == [str(name) for name in read.OtherPatientNames]


def test_a_data_set_that_was_read_in_another_set_is_written_anew() -> None:
    ds = named("=山田^太郎", StudyDescription="頭部単純")
    encode_dataset_text(ds, JAPANESE)
    again = read_back(ds)
    encode_dataset_text(again, "ISO_IR 192")
    read = read_back(again)
    assert ("ISO_IR 192", "=山田^太郎", "頭部単純") == (
        read.SpecificCharacterSet,
        str(read.PatientName),
        read.StudyDescription,
    )


@given(
    text=st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\\^="), max_size=20),
    preference=st.sampled_from(["", "ISO_IR 192", "ISO_IR 100", JAPANESE, WITH_SUPPLEMENT, "NOBODY KNOWS"]),
)
def test_nothing_becomes_a_question_mark(text: str, preference: str) -> None:
    text = text.strip()
    ds = named("x", StudyDescription=text)
    outgoing = encode_dataset_text(ds, preference)
    assert outgoing.text(text).strip() == (read_back(ds).StudyDescription or "")
    for lacking, written in outgoing.folded.items():
        assert "?" not in written or "?" in unicodedata.normalize("NFKC", lacking)
    if preference not in {JAPANESE, WITH_SUPPLEMENT}:
        assert outgoing.folded == {}


def test_texts_alone_can_be_asked_about() -> None:
    assert "ISO_IR 192" == outgoing_text(["山田", "髙田"]).character_set
    assert "高田" == outgoing_text(["髙田"], JAPANESE).text("髙田")
