"""Dates in Japanese eras (元号), as a clinic writes them."""

from __future__ import annotations

from datetime import date

# The first day of each era, newest first. The day on which an era ends belongs to the next one.
ERAS = (
    (date(2019, 5, 1), "令和"),
    (date(1989, 1, 8), "平成"),
    (date(1926, 12, 25), "昭和"),
    (date(1912, 7, 30), "大正"),
)


def era_year(day: date) -> str | None:
    """The era and its year, such as 令和8年 or 令和元年; None for a day before 大正."""
    for first, era in ERAS:
        if day >= first:
            year = day.year - first.year + 1
            return f"{era}{'元' if year == 1 else year}年"
    return None


def both(day: date) -> str:
    """The day with its era beside the western year: 2026年（令和8年）3月28日."""
    era = era_year(day)
    return f"{day.year}年{f'（{era}）' if era else ''}{day.month}月{day.day}日"
