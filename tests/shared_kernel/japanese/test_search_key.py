"""Proves that one key comes out however a name is written, and that making a key of a key changes nothing."""

from __future__ import annotations

import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_kernel.japanese.search_key import _kept, search_key
from shared_kernel.japanese.variants import folding, groups

HIRAGANA = st.text([chr(code) for code in range(0x3041, 0x3095)], min_size=1, max_size=12)


def _katakana(text: str) -> str:
    return "".join(chr(ord(character) + 0x60) for character in text)


# JIS X 0201 as half-width forms, made from Unicode's own compatibility mappings.
_HALF_WIDTH = {unicodedata.normalize("NFKC", chr(code)): chr(code) for code in range(0xFF66, 0xFF9E)}
_MARKS = {"\u3099": "\uff9e", "\u309a": "\uff9f"}


def _half_width(text: str) -> str:
    apart = unicodedata.normalize("NFD", _katakana(text))
    return "".join(_MARKS.get(character) or _HALF_WIDTH.get(character, character) for character in apart)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("髙橋", "高橋"),
        ("山﨑", "山崎"),
        ("齋藤", "斉藤"),
        ("齊藤", "斎藤"),
        ("渡邉", "渡辺"),
        ("渡邊", "渡辺"),
        ("濱田", "浜田"),
        ("濵田", "浜田"),
        ("廣瀨", "広瀬"),
        ("𠮷田", "吉田"),
        ("栁田", "柳田"),
        ("⻑⾕川", "長谷川"),
        ("⻄田", "西田"),
        ("タカハシ", "たかはし"),
        ("ﾀｶﾊｼ", "たかはし"),
        ("ﾖｼﾀﾞ ﾀﾛｳ", "よしだ^たろう"),
        ("か゛", "が"),
        ("ＹＡＭＡＤＡ　Ｔａｒｏ", "yamada^taro"),
        ("ｼ-ﾄﾞ", "シード"),
        ("葛\U000e0100飾", "葛飾"),
    ],
)
def test_the_same_name_has_one_key(one: str, other: str) -> None:
    assert search_key(one) == search_key(other)


@pytest.mark.parametrize(("one", "other"), [("佐藤", "加藤"), ("たかはし", "たかばし"), ("Sato", "Seto")])
def test_different_names_have_different_keys(one: str, other: str) -> None:
    assert search_key(one) != search_key(other)


def test_a_readings_key_does_not_become_a_kanjis() -> None:
    assert search_key("高橋") != search_key("たかはし")


@given(st.text())
def test_the_key_of_a_key_is_itself(text: str) -> None:
    key = search_key(text)
    assert key == search_key(key)


@given(HIRAGANA)
def test_kana_of_every_width_agree(text: str) -> None:
    assert search_key(text) == search_key(_katakana(text))
    assert search_key(text) == search_key(_half_width(text))


@given(st.text(max_size=10), st.text(st.sampled_from(" ^-　‐ー"), max_size=3), st.text(max_size=10))
def test_spaces_and_dashes_do_not_matter(before: str, between: str, after: str) -> None:
    assert search_key(search_key(before) + between + search_key(after)) == search_key(
        search_key(before) + search_key(after)
    )


@pytest.mark.parametrize("group", groups())
def test_all_forms_of_a_group_have_one_key(group: str) -> None:
    assert {group[0]} == {search_key(form) for form in group}


def test_no_form_stands_in_two_groups() -> None:
    forms = Counter(form for group in groups() for form in group[1:])
    assert [] == [form for form, times in forms.items() if times > 1]
    assert not {group[0] for group in groups()} & {chr(code) for code in folding()}


def test_what_is_longer_than_a_name_is_not_remembered() -> None:
    _kept.cache_clear()
    assert (search_key("ﾀｶﾊｼ" * 1000), _kept.cache_info().currsize) == ("たかはし" * 1000, 0)
    assert (search_key("ﾀｶﾊｼ"), _kept.cache_info().currsize) == ("たかはし", 1)
