"""Many threads that allocate at the same time share two arenas, where the C library is glibc."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dokuei.allocator import keep_few_arenas

_THREADS = 12

# Counts the arenas by glibc's own account, while all threads that have allocated are still there.
_CHILD = f"""
import ctypes, sys, threading
from pathlib import Path
from dokuei.allocator import keep_few_arenas

done = keep_few_arenas() if sys.argv[2] == "few" else False
all_there, counted = threading.Barrier({_THREADS + 1}), threading.Event()

def allocate():
    kept = [bytearray(5000) for _ in range(100)]
    all_there.wait(60)
    counted.wait(60)

threads = [threading.Thread(target=allocate) for _ in range({_THREADS})]
for thread in threads:
    thread.start()
all_there.wait(60)
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
told = libc.fopen(sys.argv[1].encode(), b"w")
libc.malloc_info(0, ctypes.c_void_p(told))
libc.fclose(ctypes.c_void_p(told))
counted.set()
print(done, Path(sys.argv[1]).read_text().count("<heap nr="))
"""


def _glibc() -> bool:
    return "CS_GNU_LIBC_VERSION" in os.confstr_names


def _arenas(folder: Path, how: str, **environ: str) -> tuple[bool, int]:
    plain = {key: value for key, value in os.environ.items() if key not in {"MALLOC_ARENA_MAX", "GLIBC_TUNABLES"}}
    ended = subprocess.run(
        [sys.executable, "-c", _CHILD, str(folder / "told.xml"), how],
        env={**plain, **environ},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    done, count = ended.stdout.split()
    return done == "True", int(count)


@pytest.mark.skipif(not _glibc(), reason="only glibc makes arenas for threads")
def test_threads_share_two_arenas(tmp_path: Path) -> None:
    assert (True, 2) == _arenas(tmp_path, "few")
    done, many = _arenas(tmp_path, "as it comes")
    assert not done
    assert many > 2  # so that the count above says something


@pytest.mark.skipif(not _glibc(), reason="only glibc makes arenas for threads")
def test_what_an_operator_says_of_arenas_holds(tmp_path: Path) -> None:
    assert (False, 5) == _arenas(tmp_path, "few", MALLOC_ARENA_MAX="5")


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> str:
        raise ValueError(name)

    monkeypatch.delenv("MALLOC_ARENA_MAX", raising=False)
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    monkeypatch.setattr(os, "confstr", unknown)
    assert not keep_few_arenas()
