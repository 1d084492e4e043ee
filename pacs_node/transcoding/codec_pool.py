"""Codecs at work in processes of their own, as many as there are cores, each killed when it does not answer."""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pacs_node.transcoding.codec_process import receive, send
from shared_kernel.errors import Text, Unavailable

LONGEST_SECONDS = 20.0
"""A frame that takes longer is given up: the largest mammogram takes about one second, some damage takes for ever."""

_LONGEST_WAIT_SECONDS = 60.0
_MOST_PROCESSES = 4
_BUFFER = 1 * 2**20


class CodecFailed(ValueError):
    """A codec could not make sense of a frame, has crashed over it, or did not end in time."""


class _CodecGone(CodecFailed):
    """Its process has ended."""


class CodecsBusy(Unavailable):
    """Others have kept all codecs busy for a minute; the client asks again."""

    code = "codecs_busy"
    message = Text("画像の変換が混み合っています。", "Too many pictures are being converted.")
    next_step = Text("しばらくしてから、もう一度お試しください。", "Try again in a moment.")


class _Worker:
    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - ourselves
                [sys.executable, "-m", "pacs_node.transcoding.codec_process", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        self._wire = ours

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, head: dict[str, Any], data: bytes | memoryview, seconds: float) -> tuple[dict[str, Any], bytearray]:
        self._wire.settimeout(seconds)
        send(self._wire, head, data)
        return receive(self._wire)

    def end(self) -> None:
        self._wire.close()
        self._process.kill()
        self._process.wait(10)


class CodecPool:
    """Decodes and encodes frames in at most `most` processes, which start when they are first needed."""

    def __init__(self, most: int | None = None, longest: float = LONGEST_SECONDS) -> None:
        self._places = threading.BoundedSemaphore(most or min(os.cpu_count() or 1, _MOST_PROCESSES))
        self._longest = longest
        self._idle: list[_Worker] = []
        self._lock = threading.Lock()

    def decoded(self, codestream: bytes, syntax: str, options: dict[str, Any]) -> NDArray[Any]:
        """The samples of one frame; `options` are pydicom's. Raises CodecFailed, CodecsBusy."""
        return self.described(codestream, syntax, options)[0]

    def described(self, codestream: bytes, syntax: str, options: dict[str, Any]) -> tuple[NDArray[Any], dict[str, Any]]:
        """The same, and pydicom's `pixel_properties` of them. Raises CodecFailed, CodecsBusy."""
        head, data = self._ask({"do": "decode", "syntax": syntax, "options": options}, codestream)
        return np.frombuffer(data, head["dtype"]).reshape(head["shape"]), head["described"]

    def encoded(self, samples: NDArray[Any], syntax: str, bits_stored: int) -> bytes:
        """The codestream of one frame. Raises CodecFailed, CodecsBusy."""
        asked = {"dtype": samples.dtype.str, "shape": samples.shape, "syntax": syntax, "bits_stored": bits_stored}
        _, data = self._ask({"do": "encode", **asked}, np.ascontiguousarray(samples).tobytes())
        return bytes(data)

    def processes(self) -> list[int]:
        """The process ids of those that wait for work."""
        with self._lock:
            return [worker.pid for worker in self._idle]

    def close(self) -> None:
        """End the processes; the next frame starts new ones."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()

    def _ask(self, head: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytearray]:
        if not self._places.acquire(timeout=_LONGEST_WAIT_SECONDS):
            raise CodecsBusy()
        try:
            with self._lock:
                idle = self._idle.pop() if self._idle else None
            try:
                told, made = self._asked(idle or _Worker(), head, data)
            except _CodecGone:
                if idle is None:
                    raise
                # It may have died while it waited, of something else: a fresh one tells whether the frame is bad.
                told, made = self._asked(_Worker(), head, data)
        finally:
            self._places.release()
        if "error" in told:
            raise CodecFailed(told["error"])
        return told, made

    def _asked(self, worker: _Worker, head: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytearray]:
        """What one process answers; it waits for the next frame then, or is ended."""
        try:
            answer = worker.ask(head, data, self._longest)
        except TimeoutError as error:
            worker.end()
            raise CodecFailed("the codec did not end in time") from error
        except (OSError, EOFError) as error:
            worker.end()
            raise _CodecGone("the codec has crashed") from error
        except BaseException:
            worker.end()
            raise
        with self._lock:
            self._idle.append(worker)
        return answer


POOL = CodecPool()
"""The hub's own."""

atexit.register(POOL.close)
