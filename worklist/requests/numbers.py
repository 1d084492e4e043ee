"""Accession numbers that the hub gives out: short, readable over the telephone, unique within a site."""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from worklist.requests.tables import ReadingRequestRow

_DIGITS = 4


def fresh_accession_number(session: Session, site_code: str, day: date) -> str:
    """`R`, the day, and a number that counts the site's requests of the day: `R2603280001` (VR SH, ≤ 16).

    The session must be a writing one: two at once would count the same. A unique constraint guards it.
    """
    prefix = f"R{day:%y%m%d}"
    column = ReadingRequestRow.accession_number
    given = (
        ReadingRequestRow.site_code == site_code,
        column.startswith(prefix, autoescape=True),
        func.length(column) >= len(prefix) + _DIGITS,
    )
    # Somebody may have typed a number that looks like ours: the longest, then the greatest, of digits only.
    found = session.scalars(select(column).where(*given))
    numbers = [int(rest) for number in found if (rest := number[len(prefix) :]).isascii() and rest.isdigit()]
    return f"{prefix}{max(numbers, default=0) + 1:0{_DIGITS}d}"
