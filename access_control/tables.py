from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared_kernel.database import Base, UtcDateTime


class SiteRow(Base):
    """A clinic or a hospital; what it is to others is said by its contracts, not by a kind."""

    __tablename__ = "site"

    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PersonRow(Base):
    """Somebody with a log-in of their own; no shared accounts."""

    __tablename__ = "person"

    login: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    site_code: Mapped[str] = mapped_column(ForeignKey("site.code"), index=True)
    role: Mapped[str] = mapped_column(String(32))
    password_hash: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ContractRow(Base):
    """HOSPITAL reads for CLINIC."""

    __tablename__ = "reading_contract"
    __table_args__ = (UniqueConstraint("clinic_code", "hospital_code"), Index(None, "hospital_code"))

    contract_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    clinic_code: Mapped[str] = mapped_column(ForeignKey("site.code"))
    hospital_code: Mapped[str] = mapped_column(ForeignKey("site.code"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CredentialRow(Base):
    """A browser session or a bearer token; only its SHA-256 is kept, so a stolen database opens no door."""

    __tablename__ = "credential"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    credential_id: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    login: Mapped[str] = mapped_column(ForeignKey("person.login"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
