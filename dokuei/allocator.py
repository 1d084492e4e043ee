"""Memory arenas: how many heaps the C library keeps for the process's threads."""

from __future__ import annotations

import ctypes
import os

import structlog

_M_ARENA_MAX = -8  # glibc's malloc.h
_ARENAS = 2

log = structlog.get_logger(__name__)


def keep_few_arenas() -> bool:
    """Let all threads share two arenas; whether it was done. To be called before threads are started.

    glibc gives threads arenas of their own, up to eight for each core, and memory that is free in one of them serves
    no other: many short-lived associations make the process grow as if it leaked. Threads that run Python wait for one
    another anyway, so they hardly meet at an arena. Other C libraries have nothing to set; what an operator says by
    glibc's own environment variables is left alone.
    """
    if _operator_says() or not _is_glibc():
        return False
    done = bool(ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS))
    if not done:
        log.warning("allocator.arenas_not_limited")
    return done


def _operator_says() -> bool:
    return bool(os.environ.get("MALLOC_ARENA_MAX")) or "glibc.malloc.arena_max" in os.environ.get("GLIBC_TUNABLES", "")


def _is_glibc() -> bool:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (AttributeError, ValueError):  # another system, or another C library
        return False
