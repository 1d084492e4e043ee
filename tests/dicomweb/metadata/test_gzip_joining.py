"""Proves that joined parts are one gzip member that unfolds to the parts behind each other."""

from __future__ import annotations

import gzip
import zlib

from hypothesis import given
from hypothesis import strategies as st

from dicomweb.metadata.gzip_joining import FAST, SMALL, join, pack, unpack


@given(st.lists(st.lists(st.binary(max_size=300), max_size=4), max_size=6), st.sampled_from([FAST, SMALL]))
def test_joined_parts_are_one_member(parts: list[list[bytes]], level: int) -> None:
    stream = join(pack(pieces, level) for pieces in parts)
    whole = b"".join(b"".join(pieces) for pieces in parts)
    assert gzip.decompress(stream) == whole
    member = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert member.decompress(stream) == whole
    assert member.eof
    assert member.unused_data == b""


def test_a_long_part_is_checked_by_its_crc_too() -> None:
    first, second = pack([b"a" * 3_000_000]), pack([bytes(range(256)) * 5000])
    assert gzip.decompress(join([first, second])) == unpack(first) + unpack(second)
    assert first.size == 3_000_000
