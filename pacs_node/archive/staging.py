"""Memory in which a new file is put together before any of it goes to the disk, and the way it goes there.

What is large goes past the page cache (O_DIRECT): nobody reads it again soon, and filling fresh pages, only to
write them out a moment later, costs more time than the disk does. Smaller files are cheaper through the cache.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
from collections import deque

STAGED = 1 * 2**20
"""Bytes of a file that wait in memory at most."""
_PAGE = 4096
"""Memory, offset and length of what goes past the cache are multiples of this; no disk asks for more."""
_WORTH_PASSING = 128 * 1024
_MOST_SPARE = 64
_PAST_CACHE = getattr(os, "O_DIRECT", 0)

_spare: deque[memoryview] = deque(maxlen=_MOST_SPARE)


def take() -> memoryview:
    """STAGED writable bytes, at the beginning of a page."""
    try:
        return _spare.pop()
    except IndexError:
        return memoryview(mmap.mmap(-1, STAGED))


def give_back(memory: memoryview) -> None:
    """Let another file have what `take` has given."""
    _spare.append(memory)


def write_through(file: int, memory: memoryview) -> None:
    """Write `memory`, which begins on a page, at the end of a file whose size is a multiple of a page.

    Afterwards the file takes what comes as any other does. Raises OSError.
    """
    whole = len(memory) - len(memory) % _PAGE if len(memory) >= _WORTH_PASSING else 0
    written = _pass_cache(file, memory[:whole]) if whole and _PAST_CACHE else 0
    while written < len(memory):
        written += os.write(file, memory[written:])


def _pass_cache(file: int, memory: memoryview) -> int:
    """Write past the cache; returns how much went that way, which is nothing on a file system that has none."""
    flags, written = fcntl.fcntl(file, fcntl.F_GETFL), 0
    try:
        fcntl.fcntl(file, fcntl.F_SETFL, flags | _PAST_CACHE)
        while written < len(memory) and written % _PAGE == 0:
            written += os.write(file, memory[written:])
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        fcntl.fcntl(file, fcntl.F_SETFL, flags)
    return written
