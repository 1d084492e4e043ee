from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from shared_kernel.database import Base, UtcDateTime


class ExpectationRow(Base):
    """One source's list of the instances of a study; a newer list of the same source takes its place.

    What a site says is its own: two sites may speak of one UID and know nothing of each other.
    """

    __tablename__ = "study_expectation"

    site_code: Mapped[str] = mapped_column(String(32), primary_key=True)
    study_uid: Mapped[str] = mapped_column(String(64), primary_key=True)
    source: Mapped[str] = mapped_column(String(80), primary_key=True)
    """`manifest`, or `mpps:` and the UID of the performed step."""
    declared_at: Mapped[datetime] = mapped_column(UtcDateTime)
    declared_by: Mapped[str] = mapped_column(String(80))
    expected: Mapped[int] = mapped_column(Integer)
    fulfilled_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    """When all of them were here for the first time; None while some are missing."""


class ExpectedInstanceRow(Base):
    """One instance of such a list."""

    __tablename__ = "expected_instance"
    __table_args__ = (Index("ix_expected_instance_sop_instance_uid", "sop_instance_uid"),)

    site_code: Mapped[str] = mapped_column(String(32), primary_key=True)
    study_uid: Mapped[str] = mapped_column(String(64), primary_key=True)
    source: Mapped[str] = mapped_column(String(80), primary_key=True)
    sop_instance_uid: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int | None] = mapped_column(BigInteger)
    """Bytes of the data set, without preamble and file meta information; None: not said."""
    sha256: Mapped[str] = mapped_column(String(64))
    """Of the data set, hexadecimal; empty: not said."""
