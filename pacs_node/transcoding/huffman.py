"""Huffman codes of lossless JPEG read in parallel (ITU-T T.81 annexes C and H).

For every bit of the stream it is looked up how far the next code would be if one began there; following those
distances from the first bit, with distances of 2, 4, 8 … codes made of the ones before, finds where the codes begin,
thousands at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LOOK, _MOST_CATEGORY = 16, 16
_CHUNK_BITS = 1 << 16
_DOUBLINGS = 8
_MARGIN = 8  # bytes behind a chunk that its last code may reach into


@dataclass(frozen=True, slots=True)
class Table:
    """By the next 16 bits: the length of the code and the category it stands for; length 0 where there is no code."""

    length: NDArray[np.uint8]
    category: NDArray[np.uint8]
    step: NDArray[np.int32]
    """Bits of the code and of what follows it (1 where there is no code)."""


def table_of(counts: bytes, symbols: bytes) -> Table:
    """Codes in order of their lengths (annex C), spread over all 16-bit words that begin with them.

    Raises ValueError for counts or symbols that make no sense.
    """
    lengths, categories = np.zeros(1 << _LOOK, np.uint8), np.zeros(1 << _LOOK, np.uint8)
    code, used = 0, 0
    for length, count in enumerate(counts, start=1):
        for symbol in symbols[used : used + count]:
            first, last = code << (_LOOK - length), (code + 1) << (_LOOK - length)
            if last > 1 << _LOOK or symbol > _MOST_CATEGORY:
                raise ValueError("a Huffman table that makes no sense")
            lengths[first:last], categories[first:last] = length, symbol
            code += 1
        used += count
        code <<= 1
    extra = np.where(categories == _MOST_CATEGORY, 0, categories)
    step = np.maximum(lengths.astype(np.int32) + extra, 1)
    return Table(lengths, categories, step.astype(np.int32))


def differences(coded: NDArray[np.uint8], tables: list[Table], count: int) -> NDArray[np.uint16]:
    """The next `count` differences of each component, interleaved, modulo 2 to the 16: count × components.

    Raises ValueError where the stream ends too early or holds what is no code.
    """
    found = [np.empty(count, np.uint16) for _ in tables]
    total = 8 * len(coded)
    padded = np.concatenate([coded, np.zeros(_MARGIN * len(tables) + 8, np.uint8)])
    done, place = 0, 0
    while done < count:
        if place >= total:
            raise ValueError("the coded data ends too early")
        first = place // 8
        bits = min(_CHUNK_BITS, total - 8 * first)
        words = _words(padded[first : first + bits // 8 + _MARGIN * len(tables)])
        starts, behind = _walk(words, tables, place - 8 * first, bits, count - done)
        at = starts
        for table, out in zip(tables, found, strict=True):
            out[done : done + len(starts)] = _read(words, table, at)
            at = at + table.step[words[at]]
        done += len(starts)
        place = 8 * first + behind
    if place > total:
        raise ValueError("the coded data ends inside a code")
    return np.stack(found, axis=-1)


def _words(data: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """The 16 bits that begin at each bit of `data`, but for its last two bytes."""
    wide = data.astype(np.uint32)
    three = (wide[:-2] << 16) | (wide[1:-1] << 8) | wide[2:]
    shifts = np.arange(8, 0, -1, dtype=np.uint32)
    return (three[:, None] >> shifts).astype(np.uint16).reshape(-1)


def _walk(
    words: NDArray[np.uint16], tables: list[Table], start: int, bits: int, most: int
) -> tuple[NDArray[np.int32], int]:
    """Where up to `most` pixels begin from `start` on and before `bits`, and where the one behind them would."""
    here = np.arange(len(words), dtype=np.int32)
    jump = here
    for table in tables:
        # A pixel that begins inside the chunk ends inside the margin; what lies beyond is never followed.
        jump = np.minimum(jump + table.step[words[jump]], len(words) - 1, dtype=np.int32)
    jumps = [jump]
    while len(jumps) < _DOUBLINGS and 1 << len(jumps) < most:
        jumps.append(jumps[-1][jumps[-1]])
    stride = jumps[-1]
    anchors: list[int] = []
    place, many = start, 1 << (len(jumps) - 1)
    while place < bits and len(anchors) * many < most:
        anchors.append(place)
        following = int(stride[place])
        if following <= place:
            raise ValueError("the coded data can't be read")
        place = following
    starts = np.array(anchors, np.int32)[:, None]
    for further in reversed(jumps[:-1]):
        starts = np.stack([starts, further[starts]], axis=-1).reshape(len(anchors), -1)
    flat = starts.reshape(-1)
    flat = flat[: np.searchsorted(flat, bits)][:most]
    return flat, int(jump[flat[-1]])


def _read(words: NDArray[np.uint16], table: Table, at: NDArray[np.int32]) -> NDArray[np.uint16]:
    """The differences whose codes begin at these bits (annex H.1.2.2)."""
    codes = words[at]
    lengths = table.length[codes].astype(np.int32)
    if not lengths.all():
        raise ValueError("a code that is in no Huffman table")
    categories = table.category[codes].astype(np.int32)
    extra = words[at + lengths].astype(np.int32) >> (_LOOK - categories)
    half = np.where(categories > 0, 1 << np.maximum(categories - 1, 0), 0)
    values = np.where(extra < half, extra - (1 << categories) + 1, extra)
    values[categories == _MOST_CATEGORY] = 1 << 15
    found: NDArray[np.uint16] = values.astype(np.uint16)
    return found
