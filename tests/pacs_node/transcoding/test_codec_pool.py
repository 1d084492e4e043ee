"""Proves that a codec that crashes or hangs costs one frame an error, and that the next frame is decoded."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from pydicom.uid import HTJ2KLosslessRPCL, JPEGLSLossless

from pacs_node.transcoding.codec_pool import CodecFailed, CodecPool
from pacs_node.transcoding.encoders import encode

SAMPLES = np.random.default_rng(2).integers(0, 4096, (48, 64), np.uint16)
STREAM = encode(SAMPLES, JPEGLSLossless, 12)
OPTIONS: dict[str, Any] = {
    "rows": 48,
    "columns": 64,
    "samples_per_pixel": 1,
    "photometric_interpretation": "MONOCHROME2",
    "bits_allocated": 16,
    "bits_stored": 12,
    "pixel_representation": 0,
    "number_of_frames": 1,
    "pixel_keyword": "PixelData",
}


@pytest.fixture
def pool() -> Iterator[CodecPool]:
    made = CodecPool(2, longest=20)
    yield made
    made.close()


def decoded(pool: CodecPool) -> bool:
    return np.array_equal(pool.decoded(STREAM, JPEGLSLossless, OPTIONS), SAMPLES)


def test_many_frames_at_once_need_two_processes_at_most(pool: CodecPool) -> None:
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(lambda _: decoded(pool), range(40)))
    assert 1 <= len(pool.processes()) <= 2


def test_both_ways(pool: CodecPool) -> None:
    stream = pool.encoded(SAMPLES, HTJ2KLosslessRPCL, 12)
    assert stream == encode(SAMPLES, HTJ2KLosslessRPCL, 12)


def test_a_broken_frame_is_an_error_and_the_process_lives_on(pool: CodecPool) -> None:
    assert decoded(pool)
    before = pool.processes()
    with pytest.raises(CodecFailed):
        pool.decoded(STREAM[: len(STREAM) // 3], JPEGLSLossless, OPTIONS)
    assert decoded(pool)
    assert pool.processes() == before


def test_one_that_died_while_it_waited_costs_no_frame(pool: CodecPool) -> None:
    assert decoded(pool)
    (before,) = pool.processes()
    os.kill(before, signal.SIGSTOP)  # so that it can't answer before it is killed
    os.kill(before, signal.SIGKILL)
    assert decoded(pool)
    assert before not in pool.processes()


def test_a_crash(pool: CodecPool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a fresh process ends as well the frame is given up."""
    assert decoded(pool)
    (before,) = pool.processes()
    os.kill(before, signal.SIGKILL)
    with monkeypatch.context() as broken:
        broken.setattr("sys.executable", "/bin/false")
        with pytest.raises(CodecFailed, match="crashed"):
            decoded(pool)
    assert pool.processes() == []
    assert decoded(pool)


def test_one_that_never_ends() -> None:
    pool = CodecPool(1, longest=20)
    assert decoded(pool)
    pool._longest = 0.2
    (stopped,) = pool.processes()
    os.kill(stopped, signal.SIGSTOP)
    with pytest.raises(CodecFailed, match="in time"):
        decoded(pool)
    with pytest.raises(ProcessLookupError):
        os.kill(stopped, 0)
    pool._longest = 20
    assert decoded(pool)
    pool.close()
