"""Proves 翌診療日: weekends, public holidays and the year's end are skipped, in Japan's time."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worklist.clinical_days import ClinicalCalendar, public_holidays

DEFAULT = ClinicalCalendar()


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 3, 25), date(2026, 3, 26)),  # Wednesday
        (date(2026, 3, 27), date(2026, 3, 30)),  # Friday over the weekend
        (date(2026, 3, 19), date(2026, 3, 23)),  # Thursday before 春分の日 (Friday) and the weekend
        (date(2026, 5, 1), date(2026, 5, 7)),  # 憲法記念日 on a Sunday: 5-6 is its substitute
        (date(2026, 9, 18), date(2026, 9, 24)),  # 敬老の日, 国民の休日, 秋分の日 in a row
        (date(2026, 12, 28), date(2027, 1, 4)),  # the year's end
        (date(2027, 12, 28), date(2028, 1, 4)),
    ],
)
def test_the_next_clinical_day(day: date, expected: date) -> None:
    assert expected == DEFAULT.next_after(day)


@pytest.mark.parametrize(
    ("arrived_at", "expected"),
    [
        (datetime(2026, 3, 25, 14, 59, 59, tzinfo=UTC), date(2026, 3, 26)),  # 23:59 of the 25th in Japan
        (datetime(2026, 3, 25, 15, 0, 0, tzinfo=UTC), date(2026, 3, 27)),  # 00:00 of the 26th in Japan
        (datetime(2026, 3, 27, 15, 0, 0, tzinfo=UTC), date(2026, 3, 30)),  # Saturday in Japan
    ],
)
def test_the_day_of_arrival_is_that_of_japan(arrived_at: datetime, expected: date) -> None:
    assert expected == DEFAULT.due_date(arrived_at)


def test_a_clinic_that_works_on_saturdays_and_closes_in_summer() -> None:
    own = ClinicalCalendar(
        closed_weekdays=frozenset({6}),
        closed_days=frozenset({date(2026, 8, 13), date(2026, 8, 14)}),
        open_days=frozenset({date(2026, 8, 11)}),  # 山の日
    )

    assert date(2026, 8, 11) == own.next_after(date(2026, 8, 10))
    assert date(2026, 8, 15) == own.next_after(date(2026, 8, 12))


def test_a_calendar_without_an_open_weekday_is_refused() -> None:
    with pytest.raises(ValueError, match="open weekday"):
        ClinicalCalendar(closed_weekdays=frozenset(range(7)))


def test_a_calendar_closed_for_more_than_a_year_says_so() -> None:
    closed = ClinicalCalendar(
        closed_days=frozenset(date.fromordinal(date(2026, 1, 1).toordinal() + n) for n in range(800))
    )

    with pytest.raises(ValueError, match="within a year"):
        closed.next_after(date(2026, 1, 5))


@given(st.dates(date(2020, 1, 1), date(2045, 12, 31)))
def test_the_due_day_is_later_open_and_the_first_such(day: date) -> None:
    due = DEFAULT.next_after(day)

    assert day < due
    assert due.weekday() < 5
    assert due not in public_holidays(due.year)
    between = [date.fromordinal(n) for n in range(day.toordinal() + 1, due.toordinal())]
    assert not any(DEFAULT.is_clinical_day(passed_over) for passed_over in between)
