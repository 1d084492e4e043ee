"""What is known of the files' health, and how far each round through the archive has come."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared_kernel.database import Base, UtcDateTime


class InstanceDigestRow(Base):
    """The digest of the data set in one file, and the state in which the file was last seen.

    A file is that of an instance's current version or of an earlier one, and keeps its name when it
    becomes an earlier one.
    """

    __tablename__ = "instance_digest"

    file: Mapped[str] = mapped_column(String(128), primary_key=True)
    instance_row: Mapped[int] = mapped_column(ForeignKey("instance.id"), index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    """Of the data set, in hexadecimal digits; empty where it could never be read whole."""
    size: Mapped[int] = mapped_column(BigInteger)
    """Bytes of the data set."""
    state: Mapped[str] = mapped_column(String(16), index=True)
    damage: Mapped[str] = mapped_column(String(16))
    digested_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ArchiveRoundRow(Base):
    """A round through the instances in the order of their rows: which have been looked at."""

    __tablename__ = "archive_round"

    name: Mapped[str] = mapped_column(String(160), primary_key=True)
    position: Mapped[int] = mapped_column(Integer)
    """Row id of the last instance that was looked at."""
    until: Mapped[int] = mapped_column(Integer)
    """Row id of the last instance that belongs to the round."""
    version_position: Mapped[int] = mapped_column(Integer)
    version_until: Mapped[int] = mapped_column(Integer)
    """The same of earlier versions, which are looked at after the instances."""
    looked_at: Mapped[int] = mapped_column(Integer)
    wrong: Mapped[int] = mapped_column(Integer)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class StorageRootRow(Base):
    """A storage root that files have been put into."""

    __tablename__ = "storage_root"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    """As in the root's own marker file."""
    path: Mapped[str] = mapped_column(Text)
    """Where it was last."""
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)


class FullDiskRow(Base):
    """A time in which instances were refused for want of space; written when it is over."""

    __tablename__ = "full_disk"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime] = mapped_column(UtcDateTime)
    refused: Mapped[int] = mapped_column(Integer)
