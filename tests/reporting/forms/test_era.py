"""Proves the eras at their edges."""

from __future__ import annotations

from datetime import date

import pytest

from reporting.forms.era import both, era_year


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 3, 28), "令和8年"),
        (date(2020, 1, 1), "令和2年"),
        (date(2019, 5, 1), "令和元年"),
        (date(2019, 4, 30), "平成31年"),
        (date(1989, 1, 8), "平成元年"),
        (date(1989, 1, 7), "昭和64年"),
        (date(1926, 12, 25), "昭和元年"),
        (date(1926, 12, 24), "大正15年"),
        (date(1912, 7, 30), "大正元年"),
        (date(1912, 7, 29), None),
    ],
)
def test_era_year(day: date, expected: str | None) -> None:
    assert expected == era_year(day)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 3, 28), "2026年（令和8年）3月28日"),
        (date(1989, 1, 7), "1989年（昭和64年）1月7日"),
        (date(1900, 1, 1), "1900年1月1日"),
    ],
)
def test_both(day: date, expected: str) -> None:
    assert expected == both(day)
