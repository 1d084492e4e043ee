from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Float, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared_kernel.database import Base, UtcDateTime


class DicomPeerRow(Base):
    """A DICOM peer; see `peers.model.Peer` for what the columns mean. Lists are words parted by spaces."""

    __tablename__ = "dicom_peer"

    ae_title: Mapped[str] = mapped_column(String(16), primary_key=True)
    site_code: Mapped[str] = mapped_column(String(32), index=True)
    host: Mapped[str | None] = mapped_column(String(255))
    port: Mapped[int | None] = mapped_column(Integer)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    enabled: Mapped[bool] = mapped_column(Boolean, default=True, server_default="1")
    services: Mapped[str] = mapped_column(String(255), default="store", server_default="store")
    networks: Mapped[str] = mapped_column(Text, default="", server_default="")
    certificate: Mapped[str] = mapped_column(String(64), default="", server_default="")
    contracts: Mapped[bool] = mapped_column(Boolean, default=False, server_default="0")
    max_associations: Mapped[int | None] = mapped_column(Integer)
    max_rate: Mapped[int | None] = mapped_column(BigInteger)
    max_instance: Mapped[int | None] = mapped_column(BigInteger)
    quiet_period: Mapped[float | None] = mapped_column(Float)
    tls: Mapped[bool] = mapped_column(Boolean, default=False, server_default="0")
    ask_commitment: Mapped[bool] = mapped_column(Boolean, default=False, server_default="0")
    accepts: Mapped[str] = mapped_column(Text, default="", server_default="")
    character_set: Mapped[str] = mapped_column(String(255), default="", server_default="")
    issuers: Mapped[str] = mapped_column(Text, default="", server_default="")
    """JSON list of `ISSUER=SITE`; one a line in rows that were written before it was one."""
    answers_in: Mapped[str] = mapped_column(String(255), default="", server_default="")
    on_different_content: Mapped[str] = mapped_column(String(16), default="reject", server_default="reject")
    coercions: Mapped[str] = mapped_column(Text, default="[]", server_default="[]")
    """JSON list of strings."""
    revision: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    """One more with every change, so that nobody overwrites what they have not seen."""


class DicomPeerChangeRow(Base):
    """One deed to a peer's settings; appended only. The peer itself may be gone: its title stays here."""

    __tablename__ = "dicom_peer_change"
    __table_args__ = (
        Index("ix_dicom_peer_change_ae_title_number", "ae_title", "number"),
        {"sqlite_autoincrement": True},
    )

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    ae_title: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(64))
    deed: Mapped[str] = mapped_column(String(16))
    """add, change or remove."""
    changes: Mapped[str] = mapped_column(Text)
    """JSON object: setting to [before, after], both as `peers.settings` writes them."""
