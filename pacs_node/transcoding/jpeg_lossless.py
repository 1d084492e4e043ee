"""JPEG lossless (ITU-T T.81 process 14, annex H): decoded by NumPy.

The native decoders at hand are faster, but invent samples where a stream is damaged or cut off.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pacs_node.transcoding.huffman import Table, differences, table_of

_SOI, _EOI, _SOS, _DHT, _DRI, _SOF3 = 0xD8, 0xD9, 0xDA, 0xC4, 0xDD, 0xC3
_OTHER_FRAMES = frozenset(range(0xC0, 0xD0)) - {_SOF3, _DHT, 0xC8, 0xCC}
_RESTARTS = range(0xD0, 0xD8)
_WITHOUT_LENGTH = frozenset({0x01, _SOI, *_RESTARTS})
_MARKER = 0xFF
_LAST_PREDICTOR = 7
_MOST_COMPONENTS = 4
_MOST_SEGMENTS = 256


@dataclass(slots=True)
class _Frame:
    precision: int
    rows: int
    columns: int
    components: tuple[int, ...]


@dataclass(slots=True)
class _Stream:
    data: bytes
    frame: _Frame | None = None
    restart_interval: int = 0
    tables: dict[int, Table] = field(default_factory=dict)
    planes: dict[int, NDArray[np.uint16]] = field(default_factory=dict)


def decode(codestream: bytes, most_samples: int = 2**29) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Rows × columns, or rows × columns × components; uint8 for a precision of up to 8 bits, else uint16.

    Raises ValueError for a stream that is damaged, cut off, not lossless JPEG, or of more than `most_samples`.
    """
    try:
        return _decoded(codestream, most_samples)
    except (struct.error, IndexError) as error:
        raise ValueError("a marker segment that is too short") from error


def _decoded(codestream: bytes, most_samples: int) -> NDArray[np.uint8] | NDArray[np.uint16]:
    stream = _Stream(codestream)
    place = 0
    if codestream[:2] != bytes((_MARKER, _SOI)):
        raise ValueError("not a JPEG stream")
    for _ in range(_MOST_SEGMENTS):
        marker, place = _next_marker(codestream, place)
        if marker in _WITHOUT_LENGTH:
            continue
        if marker == _EOI:
            break
        (length,) = struct.unpack_from(">H", codestream, place) if place + 2 <= len(codestream) else (0,)
        body = codestream[place + 2 : place + length]
        if len(body) != length - 2:
            raise ValueError("the stream ends inside a marker segment")
        place += length
        place = _segment(stream, marker, body, place, most_samples)
        if stream.frame is not None and len(stream.planes) == len(stream.frame.components):
            break
    if stream.frame is None or len(stream.planes) != len(stream.frame.components):
        raise ValueError("the stream ends before all components are there")
    planes = [stream.planes[component] for component in stream.frame.components]
    samples = planes[0] if len(planes) == 1 else np.stack(planes, axis=-1)
    return samples.astype(np.uint8) if stream.frame.precision <= 8 else samples  # noqa: PLR2004 - bits


def _next_marker(data: bytes, place: int) -> tuple[int, int]:
    """The next marker and the place behind it."""
    while place + 1 < len(data):
        if data[place] != _MARKER:
            raise ValueError("something else where a marker is due")
        if data[place + 1] != _MARKER:
            return data[place + 1], place + 2
        place += 1
    raise ValueError("the stream ends before its last marker")


def _segment(stream: _Stream, marker: int, body: bytes, place: int, most_samples: int) -> int:
    """Take one marker segment in; the place behind it, and behind the coded data of a scan."""
    if marker == _SOF3:
        stream.frame = _frame(body, most_samples)
    elif marker in _OTHER_FRAMES:
        raise ValueError("not lossless JPEG with Huffman codes")
    elif marker == _DHT:
        _read_tables(stream, body)
    elif marker == _DRI:
        (stream.restart_interval,) = struct.unpack(">H", body)
    elif marker == _SOS:
        return _scan(stream, body, place)
    return place


def _frame(body: bytes, most_samples: int) -> _Frame:
    precision, rows, columns, count = struct.unpack_from(">BHHB", body)
    if not 2 <= precision <= 16 or not 1 <= count <= _MOST_COMPONENTS or not rows or not columns:  # noqa: PLR2004
        raise ValueError("a frame header that makes no sense")
    if rows * columns * count > most_samples:
        raise ValueError(f"a frame of more than {most_samples} samples")
    parts = [body[6 + 3 * number : 9 + 3 * number] for number in range(count)]
    if any(len(part) < 3 or part[1] != 0x11 for part in parts):  # noqa: PLR2004
        raise ValueError("subsampled components in lossless JPEG")
    components = tuple(part[0] for part in parts)
    if len(set(components)) != count:
        raise ValueError("two components of one name")
    return _Frame(precision, rows, columns, components)


def _read_tables(stream: _Stream, body: bytes) -> None:
    place = 0
    while place + 17 <= len(body):
        counts = body[place + 1 : place + 17]
        symbols = body[place + 17 : place + 17 + sum(counts)]
        if len(symbols) != sum(counts):
            raise ValueError("a Huffman table is cut off")
        stream.tables[body[place] & 0x0F] = table_of(counts, symbols)
        place += 17 + len(symbols)


def _scan(stream: _Stream, body: bytes, place: int) -> int:
    frame = stream.frame
    if frame is None or not body or len(body) < 4 + 2 * body[0]:
        raise ValueError("a scan without a frame, or a scan header that is cut off")
    components = [body[1 + 2 * number] for number in range(body[0])]
    try:
        tables = [stream.tables[body[2 + 2 * number] >> 4] for number in range(body[0])]
    except KeyError:
        raise ValueError("a scan without its Huffman table") from None
    predictor, shift = body[1 + 2 * body[0]], body[3 + 2 * body[0]] & 0x0F
    known = set(components) <= set(frame.components) and len(set(components)) == len(components) > 0
    if not known or not 1 <= predictor <= _LAST_PREDICTOR or shift >= frame.precision:
        raise ValueError("a scan header that makes no sense")
    intervals, end = _intervals(stream.data, place)
    per_interval = stream.restart_interval or frame.rows * frame.columns
    if per_interval % frame.columns:
        raise ValueError("restarts in the middle of a line")
    parts: list[NDArray[np.uint16]] = []
    left = frame.rows
    for coded in intervals:
        rows = min(left, per_interval // frame.columns)
        if not rows:
            break
        found = differences(coded, tables, rows * frame.columns).reshape(rows, frame.columns, len(tables))
        start = 1 << (frame.precision - shift - 1)
        parts.append(_predicted(found, predictor, start))
        left -= rows
    if left:
        raise ValueError("the coded data ends before the last line")
    whole = (np.concatenate(parts) << shift).astype(np.uint16)
    for number, component in enumerate(components):
        stream.planes[component] = whole[..., number]
    return end


def _intervals(data: bytes, place: int) -> tuple[list[NDArray[np.uint8]], int]:
    """The coded data of a scan by restart intervals, without stuffed bytes, and the place of the marker behind it."""
    raw = np.frombuffer(data, np.uint8, offset=place)
    marked = np.flatnonzero(raw[:-1] == _MARKER)
    follows = raw[marked + 1]
    ends = marked[(follows != 0) & (follows != _MARKER) & ((follows & 0xF8) != _RESTARTS.start)]
    # Some writers leave the last marker out; what was coded is there all the same.
    end = int(ends[0]) if len(ends) else len(raw)
    inside = marked < end
    marked, follows = marked[inside], follows[inside]
    keep = np.ones(end, np.bool_)
    stuffed = marked[follows == 0] + 1
    keep[stuffed[stuffed < end]] = False
    found, start = [], 0
    for restart in [*marked[(follows & 0xF8) == _RESTARTS.start].tolist(), end]:
        found.append(raw[start:restart][keep[start:restart]])
        start = restart + 2
    return found, place + end


def _predicted(differences: NDArray[np.uint16], predictor: int, start: int) -> NDArray[np.uint16]:
    """Samples from their differences to the prediction (annex H.1.2.1, table H.1); rows × columns × components.

    The first line is predicted from the left, the first column from above, the first sample is `start`.
    """
    values = differences.copy()
    values[0, 0] += np.uint16(start)
    if predictor == 1:
        np.cumsum(values[:, 0], axis=0, dtype=np.uint16, out=values[:, 0])
        return np.cumsum(values, axis=1, dtype=np.uint16)
    np.cumsum(values[0], axis=0, dtype=np.uint16, out=values[0])
    if predictor == 2:  # noqa: PLR2004 - table H.1
        return np.cumsum(values, axis=0, dtype=np.uint16)
    if predictor == 4:  # noqa: PLR2004 - table H.1
        values[1:] = np.cumsum(values[1:], axis=1, dtype=np.uint16)
        return np.cumsum(values, axis=0, dtype=np.uint16)
    np.cumsum(values[:, 0], axis=0, dtype=np.uint16, out=values[:, 0])
    return _by_diagonals(values, predictor)


def _by_diagonals(values: NDArray[np.uint16], predictor: int) -> NDArray[np.uint16]:
    """The predictors that need the finished neighbours: all samples of a diagonal at a time."""
    rows, columns, _ = values.shape
    done = values.astype(np.int32)
    for diagonal in range(2, rows + columns - 1):
        first, last = max(1, diagonal - columns + 1), min(rows - 1, diagonal - 1)
        row = np.arange(first, last + 1)
        column = diagonal - row
        left, above, corner = done[row, column - 1], done[row - 1, column], done[row - 1, column - 1]
        if predictor == 3:  # noqa: PLR2004 - table H.1
            predicted = corner
        elif predictor == 5:  # noqa: PLR2004
            predicted = left + ((above - corner) >> 1)
        elif predictor == 6:  # noqa: PLR2004
            predicted = above + ((left - corner) >> 1)
        else:
            predicted = (left + above) >> 1
        done[row, column] = (done[row, column] + predicted) & 0xFFFF
    return done.astype(np.uint16)
