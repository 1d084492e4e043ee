"""WADO-RS: single frames and renditions by eight clients, a whole series, and the metadata of one.

Everything is asked of CT slices with the headers and the noise of real ones; what comes is compared with what was sent.
"""

from __future__ import annotations

import gzip
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count

from benchmarks import objects, processes, slices
from benchmarks.figures.store import check
from benchmarks.load import in_process, load
from benchmarks.measuring import Bench, Better, Figure, Lost, Reading, Result, Work
from benchmarks.objects import Identity
from benchmarks.sending import send
from benchmarks.targets import Target
from benchmarks.web import Answer, Client
from benchmarks.wire import Address

AS_STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_FRAME = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
_JPEG = b"\xff\xd8\xff"
_OK, _WARM, _WINDOWS = 200, 7, 20


def measure(bench: Bench) -> list[Result]:
    """Frames, renditions and the whole series."""
    series = objects.series(bench.size.slices)
    for target in bench.targets:
        _give(target, series)
    made, windows = slices.ct_slice(), count()
    pixels = b"".join(made.pieces(series[0]))[-made.pixels :]

    def frames(target: Target) -> list[bytes]:
        return [target.web(f"{path(each)}/frames/1", Accept=_FRAME) for each in series]

    def rendered(target: Target) -> list[bytes]:
        return [target.web(f"{path(each)}/rendered", Accept="image/jpeg") for each in series]

    def windowed(target: Target) -> list[bytes]:
        """Each with a window that nobody has asked for before: what was made once is of no use."""
        return [
            target.web(f"{path(each)}/rendered?window=40,{400 + next(windows) / 64},linear", Accept="image/jpeg")
            for _ in range(_WINDOWS)
            for each in series
        ]

    def is_frame(answer: Answer) -> bool:
        return pixels in answer.body

    def is_jpeg(answer: Answer) -> bool:
        return answer.body.startswith(_JPEG)

    results = []
    for figure, asked, good in (
        (Figure("frame-8", "one frame, 8 clients", "requests/s"), frames, is_frame),
        (Figure("rendered-8", "rendered JPEG, 8 clients", "requests/s"), rendered, is_jpeg),
        (Figure("rendered-new-8", "rendered JPEG in a new window each, 8 clients", "requests/s"), windowed, is_jpeg),
    ):
        results += bench.interleaved(figure, _many(bench, asked, good))
    figure = Figure("series", f"whole series of {len(series)} as multipart", "MB/s")
    return results + bench.interleaved(figure, lambda target: _series(target, series))


def measure_metadata(bench: Bench) -> list[Result]:
    """A series' metadata with gzip: the first request ever for it, and later ones."""
    first_of: dict[str, list[float]] = {target.name: [] for target in bench.targets}
    about = f"metadata of {bench.size.slices}, gzip"

    def first(target: Target) -> Reading:
        series = objects.series(bench.size.slices)
        _give(target, series)
        with Work(target) as work:
            times = in_process(_ask_again, target.http, _metadata(target, series), 1, len(series))
        latest[target.name] = series
        first_of[target.name] += times
        return Reading(times[0] * 1000, work.each(1))

    def warm(target: Target) -> Reading:
        series = latest[target.name]
        with Work(target) as work:
            times = in_process(_ask_again, target.http, _metadata(target, series), _WARM, len(series))
        return Reading(statistics.median(times) * 1000, work.each(_WARM))

    latest: dict[str, Sequence[Identity]] = {}
    return [
        *bench.interleaved(Figure("metadata-first", f"{about}, first request", "ms", Better.LESS), first),
        *bench.interleaved(Figure("metadata-warm", f"{about}, warm", "ms", Better.LESS), warm),
    ]


def path(identity: Identity, *, whole: bool = False) -> str:
    """Of an instance, or of the whole series, below the service."""
    series = f"/studies/{identity.study}/series/{identity.series}"
    return series if whole else f"{series}/instances/{identity.instance}"


def _give(target: Target, series: Sequence[Identity]) -> None:
    jobs = [(slices.ct_slice(), identity) for identity in series]
    check(target, jobs, send(target.node, jobs, 4))
    processes.settle(target.pid)


def _many(
    bench: Bench, asked: Callable[[Target], list[bytes]], good: Callable[[Answer], bool]
) -> Callable[[Target], Reading]:
    def once(target: Target) -> Reading:
        requests = asked(target)
        with Client(target.http) as client:
            answer = client.ask(requests[0], keep=True)
        if answer.status != _OK or not good(answer):
            raise Lost(f"{target.name} answered {answer.status}: {answer.body[:300]!r}")
        with Work(target) as work:
            loaded = load(target.http, requests, seconds=bench.size.seconds)
        if loaded.bad:
            raise Lost(f"{target.name} answered {loaded.bad} of {len(loaded.times)} requests with an error")
        return Reading(loaded.rate, work.each(len(loaded.times)))

    return once


def _series(target: Target, series: Sequence[Identity]) -> Reading:
    asked = target.web(path(series[0], whole=True), Accept=AS_STORED)
    with Work(target) as work:
        seconds, size = in_process(_take, target.http, asked)
    if size < sum(slices.ct_slice().size for _ in series):
        raise Lost(f"{target.name} gave {size} bytes for {len(series)} instances")
    return Reading(size / seconds / 1e6, work.each(1))


def _take(address: Address, asked: bytes) -> tuple[float, int]:
    with Client(address) as client:
        start = time.monotonic()
        answer = client.ask(asked)
        seconds = time.monotonic() - start
    if answer.status != _OK:
        raise Lost(f"the answer is {answer.status}")
    return seconds, answer.size


def _metadata(target: Target, series: Sequence[Identity]) -> bytes:
    where = f"{path(series[0], whole=True)}/metadata"
    return target.web(where, Accept="application/dicom+json", Accept_Encoding="gzip")


def _ask_again(address: Address, asked: bytes, times: int, instances: int) -> list[float]:
    """Seconds of each request, over one connection."""
    return list(_timed(address, asked, times, instances))


def _timed(address: Address, asked: bytes, times: int, instances: int) -> Iterator[float]:
    for _ in range(times):
        # A connection each: Orthanc closes one that was idle for a second.
        with Client(address) as client:
            start = time.monotonic()
            answer = client.ask(asked, keep=True)
            yield time.monotonic() - start
        body = gzip.decompress(answer.body) if answer.headers.get("content-encoding") == "gzip" else answer.body
        if answer.status != _OK or len(json.loads(body)) != instances:
            raise Lost(f"the answer is {answer.status}, {len(body)} bytes of metadata")
