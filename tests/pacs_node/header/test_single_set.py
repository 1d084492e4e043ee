"""Proves that receivers of one old character set get what it can say, and never question marks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.charset import decode_bytes

from pacs_node.header.single_set import SingleSet, single_set

SETS = ["ISO_IR 6", "ISO_IR 13", "ISO_IR 100", "ISO_IR 101", "ISO_IR 144", "ISO_IR 203", "GB18030"]
HANAKO = "TAKAHASHI^HANAKO=髙橋^花子=たかはし^はなこ"


def chosen(character_set: str) -> SingleSet:
    found = single_set(character_set)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("character_set", "name", "written"),
    [
        ("ISO_IR 100", HANAKO, "TAKAHASHI^HANAKO"),
        ("ISO_IR 13", HANAKO, "TAKAHASHI^HANAKO==ﾀｶﾊｼ^ﾊﾅｺ"),
        ("ISO_IR 13", "=ガ行^ヴ=ガギョウ^ヴァー", "ｶﾞｷﾞｮｳ^ｳﾞｧｰ"),
        ("ISO_IR 13", "高橋^花子==タカハシ^ハナコ", "ﾀｶﾊｼ^ﾊﾅｺ"),
        ("ISO_IR 100", "Ｍüller^Jérôme", "Müller^Jérôme"),
        ("ISO_IR 6", "Müller^Jérôme=髙橋", "Muller^Jerome"),
        ("ISO_IR 100", "高橋^花子", ""),
        ("GB18030", HANAKO, HANAKO),
    ],
)
def test_a_name_keeps_the_groups_that_can_be_written(character_set: str, name: str, written: str) -> None:
    assert written == chosen(character_set).name(name)


@pytest.mark.parametrize(
    ("character_set", "text", "written"),
    [
        ("ISO_IR 100", "CT ａｂｄｏｍｅｎ", "CT abdomen"),
        ("ISO_IR 100", "腹部 CT 造影なし", ""),
        ("ISO_IR 13", "アレルギー", "ｱﾚﾙｷﾞｰ"),
        ("ISO_IR 6", "a\\b", "a\\b"),
        ("ISO_IR 6", "a＼b", ""),
    ],
)
def test_a_text_is_written_whole_or_left_out(character_set: str, text: str, written: str) -> None:
    assert written == chosen(character_set).text(text)


@pytest.mark.parametrize("character_set", SETS)
@pytest.mark.parametrize("value", ["１２３", "Ａ１", "É①2", "P‑1", "a\x1b$B"])
def test_an_identifier_is_written_to_the_letter_or_left_out(character_set: str, value: str) -> None:
    only = chosen(character_set)
    assert only.identifier("P-1") == "P-1"
    assert only.identifier(value) in ("", value)
    if character_set in {"ISO_IR 6", "ISO_IR 13", "ISO_IR 100"}:
        assert only.identifier(value) == ""


@given(st.sampled_from(SETS), st.text(max_size=40))
def test_what_is_written_can_be_read_in_the_set_and_holds_no_new_question_mark(character_set: str, value: str) -> None:
    only = chosen(character_set)
    for written in (only.text(value), only.name(value)):
        assert written.count("?") <= value.count("?") + value.count("？") + value.count("⁇") * 2 + value.count("⁈") + (
            value.count("⁉") + value.count("﹖") + value.count("︖")
        )
        data = only.encode(written)
        if character_set == "ISO_IR 13":
            assert written == data.decode("shift_jis")
        elif character_set == "ISO_IR 203":
            assert written == data.decode("iso8859_15")
        elif character_set != "ISO_IR 6":
            codec = {"ISO_IR 100": "latin_1", "ISO_IR 101": "iso8859_2", "ISO_IR 144": "iso8859_5"}
            assert written == decode_bytes(data, [codec.get(character_set, "GB18030")], set())
        else:
            assert written.isascii()


@pytest.mark.parametrize("character_set", ["", "ISO_IR 192", "\\ISO 2022 IR 87", "SHIFT_JIS", "EUC-JP"])
def test_other_sets_are_none_of_one(character_set: str) -> None:
    assert single_set(character_set) is None
