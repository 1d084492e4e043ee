"""Proves what the index takes for a date, a time and a text, and that nothing else gets in."""

from __future__ import annotations

import pytest

from pacs_node.header.values import da, indexed_text, tm


@pytest.mark.parametrize("text", ["２０２６０４０１", "2026040１", "٢٠٢٦٠٤٠١", "２０２６.０４.０１"])
def test_digits_of_other_scripts_are_no_date(text: str) -> None:
    assert da(text) == ""


@pytest.mark.parametrize("text", ["０９３０００", "09300０", "093000.１", "093000.1234567８"])
def test_digits_of_other_scripts_are_no_time(text: str) -> None:
    assert tm(text) == ""


def test_a_date_and_a_time() -> None:
    assert ("20260401", "093000.100000") == (da("2026.04.01"), tm("09:30:00.1"))


@pytest.mark.parametrize("control", [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0, 0x1B, 0x85])
def test_what_would_turn_or_break_a_line_is_not_indexed(control: int) -> None:
    assert indexed_text(f"P-{chr(control)}123") == "P-123"


def test_letters_that_run_from_right_to_left_stay() -> None:
    assert indexed_text(" محمد 山田\u200d ") == "محمد 山田\u200d"
