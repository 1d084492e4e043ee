"""Proves that what goes through the staging memory comes to the disk byte by byte, past the cache and through it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from pacs_node.archive.staging import STAGED, give_back, take, write_through


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 131_071, 131_072, 131_073, 526_600, STAGED - 1, STAGED])
def test_every_byte_arrives(tmp_path: Path, size: int) -> None:
    memory, content = take(), (bytes(range(251)) * (size // 251 + 1))[:size]
    memory[:size] = content
    with (tmp_path / "file").open("wb", buffering=0) as file:
        write_through(file.fileno(), memory[:size])
        file.write(b"and what follows")
    give_back(memory)
    assert (tmp_path / "file").read_bytes() == content + b"and what follows"


def test_a_file_system_without_such_writes_takes_them_as_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, refused = os.write, list[int]()

    def refuses_the_first(file: int, data: bytes) -> int:
        if not refused:
            refused.append(file)
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return write(file, data)

    memory = take()
    memory[:300_000] = b"x" * 300_000
    with (tmp_path / "file").open("wb", buffering=0) as file:
        monkeypatch.setattr(os, "write", refuses_the_first)
        write_through(file.fileno(), memory[:300_000])
    give_back(memory)
    assert len(refused) == 1
    assert (tmp_path / "file").read_bytes() == b"x" * 300_000


def test_what_the_disk_says_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_file: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with (tmp_path / "file").open("wb", buffering=0) as file:
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space left"):
            write_through(file.fileno(), take()[:300_000])
