"""翌診療日: the next day on which a clinic sees patients, by its calendar in Japan Standard Time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

import holidays

from shared_kernel.clock import JST

SATURDAY, SUNDAY = 5, 6
_YEAR_END = frozenset({(12, 29), (12, 30), (12, 31), (1, 1), (1, 2), (1, 3)})
_LONGEST_CLOSURE = timedelta(days=366)


@lru_cache(maxsize=64)
def public_holidays(year: int) -> frozenset[date]:
    """国民の祝日 of a year, with substitute holidays (振替休日) and the days between two (国民の休日)."""
    return frozenset(holidays.country_holidays("JP", years=year))


def make_ready(today: date) -> None:
    """Look up the holidays of this year and the next: the first time that takes half a second.

    Somebody who waits for the database should not wait for that too.
    """
    for year in (today.year, today.year + 1):
        public_holidays(year)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicalCalendar:
    """When a clinic is closed; the default is that of most: weekends, public holidays, 12-29 to 01-03.

    `closed_weekdays` counts from Monday = 0; `closed_days` are a clinic's own closures and
    `open_days` its exceptions, which win over everything else. Raises ValueError when no weekday is open.
    """

    closed_weekdays: frozenset[int] = frozenset({SATURDAY, SUNDAY})
    closed_on_public_holidays: bool = True
    closed_at_year_end: bool = True
    closed_days: frozenset[date] = frozenset()
    open_days: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if self.closed_weekdays >= frozenset(range(7)):
            raise ValueError("a clinical calendar needs an open weekday")

    def is_clinical_day(self, day: date) -> bool:
        """Whether the clinic sees patients on `day`."""
        if day in self.open_days:
            return True
        return not (
            day in self.closed_days
            or day.weekday() in self.closed_weekdays
            or (self.closed_at_year_end and (day.month, day.day) in _YEAR_END)
            or (self.closed_on_public_holidays and day in public_holidays(day.year))
        )

    def next_after(self, day: date) -> date:
        """The first clinical day after `day`. Raises ValueError if there is none within a year."""
        for candidate in _days_after(day):
            if self.is_clinical_day(candidate):
                return candidate
        raise ValueError(f"no clinical day within a year after {day}")

    def due_date(self, arrived_at: datetime) -> date:
        """翌診療日 of a study that arrived at this time: the next clinical day after its day in Japan."""
        return self.next_after(arrived_at.astimezone(JST).date())


def _days_after(day: date) -> Iterator[date]:
    last = day + _LONGEST_CLOSURE
    while day < last:
        day += timedelta(days=1)
        yield day
