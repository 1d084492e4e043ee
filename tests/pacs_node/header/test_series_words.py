"""Proves that a series is described by what its first instance says, in every encoding, or else by nothing."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmwrite
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from pacs_node.header.series_words import NO_WORDS, SeriesWords, series_words

EXPECTED = SeriesWords(
    institution_name="みなと病院",
    station_name="CT1",
    protocol_name="CHEST^ROUTINE",
    laterality="L",
    step_date="20260401",
    step_time="101500.000000",
    requests=(("S1", "R1"), ("S2", "")),
)


def encoded(*, explicit: bool, undefined: bool, pixels: int = 64) -> bytes:
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.InstitutionName = "みなと病院"
    ds.StationName = "CT1"
    ds.ProtocolName = "CHEST^ROUTINE"
    ds.Laterality = "L"
    ds.PerformedProcedureStepStartDate = "20260401"
    ds.PerformedProcedureStepStartTime = "101500"
    code = Dataset()
    code.CodeValue = "1"
    items = []
    for step, procedure in (("S1", "R1"), ("S2", "")):
        item = Dataset()
        item.ScheduledProtocolCodeSequence = Sequence([code])
        item["ScheduledProtocolCodeSequence"].is_undefined_length = undefined
        item.ScheduledProcedureStepID = step
        item.RequestedProcedureID = procedure
        item.is_undefined_length_sequence_item = undefined
        items.append(item)
    ds.RequestAttributesSequence = Sequence(items)
    ds["RequestAttributesSequence"].is_undefined_length = undefined
    ds.add_new(0x7FE00010, "OW", bytes(pixels))
    buffer = io.BytesIO()
    dcmwrite(buffer, ds, implicit_vr=not explicit, little_endian=True, enforce_file_format=False)
    return buffer.getvalue()


@pytest.mark.parametrize("explicit", [True, False])
@pytest.mark.parametrize("undefined", [True, False])
def test_every_encoding_says_the_same(*, explicit: bool, undefined: bool) -> None:
    assert EXPECTED == series_words(encoded(explicit=explicit, undefined=undefined), 0, explicit=explicit)


def test_what_does_not_lie_in_the_first_bytes_is_not_said() -> None:
    whole = encoded(explicit=True, undefined=False)
    said: list[Any] = [series_words(whole[:end], 0, explicit=True) for end in range(0, len(whole), 7)]
    assert said[0] == NO_WORDS
    for words in said:
        for name in ("institution_name", "station_name", "protocol_name", "laterality", "step_date", "step_time"):
            assert getattr(words, name) in ("", getattr(EXPECTED, name))


@given(st.binary(max_size=200), st.integers(0, 400), st.booleans())
def test_no_bytes_break_it(rubbish: bytes, at: int, explicit: bool) -> None:
    whole = encoded(explicit=explicit, undefined=True)
    at = min(at, len(whole))
    broken = whole[:at] + rubbish + whole[at:]
    assert isinstance(series_words(broken, 0, explicit=explicit), SeriesWords)
    assert isinstance(series_words(rubbish, 0, explicit=explicit), SeriesWords)
