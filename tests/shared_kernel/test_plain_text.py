"""Proves that text is kept as written, and that only what no form can carry is dropped."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_kernel.plain_text import cleaned


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("一\r\n二\r三\n四", "一\n二\n三\n四"),
        ("a\tb", "a\tb"),
        ("a\x00\x07\x0b\x0c\x1b$Bb\x7f\x85\x9f", "a$Bb"),
        ("髙﨑 𠮷 שלום \u202e <script>alert(1)</script> &amp;", "髙﨑 𠮷 שלום \u202e <script>alert(1)</script> &amp;"),
        ("  spaces stay  ", "  spaces stay  "),
    ],
)
def test_cleaned(written: str, kept: str) -> None:
    assert kept == cleaned(written)


@given(st.text())
def test_cleaning_twice_is_cleaning_once_and_leaves_no_control_character(text: str) -> None:
    once = cleaned(text)

    assert once == cleaned(once)
    assert not [character for character in once if unicodedata.category(character) == "Cc" and character not in "\n\t"]
