"""What is known of a stored file's health. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared_kernel.errors import Text


class FileState(StrEnum):
    """How a file was when it was last read."""

    OK = "ok"
    DAMAGED = "damaged"
    MISSING = "missing"


class Damage(StrEnum):
    """What is wrong with a file."""

    NONE = ""
    GONE = "gone"
    SIZE = "size"
    CONTENT = "content"
    HEADER = "header"
    UNREADABLE = "unreadable"

    @property
    def told(self) -> Text:
        """The damage in words."""
        return _TOLD[self]


_TOLD = {
    Damage.NONE: Text("正常", "well"),
    Damage.GONE: Text("ファイルがありません", "the file is not there"),
    Damage.SIZE: Text("大きさが受信時と違います", "the size is not that of the day of receipt"),
    Damage.CONTENT: Text("内容が受信時と違います", "the content is not that of the day of receipt"),
    Damage.HEADER: Text("ヘッダが索引と一致しません", "the header does not agree with the index"),
    Damage.UNREADABLE: Text("ディスクから読み取れません", "the disk does not give it back"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """SHA-256 of a data set as it was received, in hexadecimal digits, and its length in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A version of an instance as the index has it, with what its file was when it was digested."""

    row: int
    """Row id of the instance."""
    version_row: int | None = None
    """Row id of an earlier version; None for the current one."""
    file: str
    """Name in the archive."""
    dataset_offset: int
    size: int
    sop_instance_uid: str
    series_uid: str
    study_uid: str
    transfer_syntax_uid: str
    site_code: str
    received_at: datetime
    digest: Digest | None = None
    """None while this file has not been digested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What reading one file has shown."""

    entry: Entry
    damage: Damage = Damage.NONE
    digest: Digest | None = None
    """Of what was read; None where it could not be read to its end."""

    @property
    def state(self) -> FileState:
        """The state that follows from the damage."""
        if self.damage is Damage.NONE:
            return FileState.OK
        return FileState.MISSING if self.damage is Damage.GONE else FileState.DAMAGED


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """An instance whose file is not what it was."""

    sop_instance_uid: str
    study_uid: str
    site_code: str
    file: str
    damage: Damage
    found_at: datetime
