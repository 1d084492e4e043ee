"""Frames in another transfer syntax than the stored one (PS3.18 section 8.7.3.5.2): kept, and made once for all."""

from __future__ import annotations

import numpy as np
from pydicom.uid import ExplicitVRLittleEndian

from dicomweb.errors import BrokenPixelData, NotDecodable
from dicomweb.pixels.decode import decoded, stored_words, uncompressed_frame
from dicomweb.pixels.made_once import MadeOnce
from dicomweb.pixels.picture import Picture
from pacs_node.transcoding.codec_pool import POOL, CodecFailed
from pacs_node.transcoding.decoders import decodable
from pacs_node.transcoding.encoders import LOSSLESS, LOSSY, encodable

_AS_TOLD = {"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"}
_AS_RGB = {"RGB", "YBR_ICT", "YBR_RCT"}


def transcodings(picture: Picture) -> tuple[str, ...]:
    """The transfer syntaxes, beside the stored one, that the picture's frames can be given in; lossless ones first."""
    described, stored = picture.description, picture.record.transfer_syntax_uid
    if picture.encapsulated is not None and not decodable(stored):
        return ()
    found = [str(ExplicitVRLittleEndian)] if picture.encapsulated is not None else []
    colour = described.samples_per_pixel > 1
    # The data set that a client has says how the samples are meant: what it could misread is not offered.
    told = described.photometric_interpretation in (_AS_RGB if colour else _AS_TOLD)
    plain = not described.is_float and described.high_bit == described.bits_stored - 1
    if told and plain and described.bits_allocated > 1:
        signed = described.pixel_representation == 1
        found += [
            syntax
            for syntax in (*LOSSLESS, *(() if described.photometric_interpretation == "PALETTE COLOR" else LOSSY))
            if syntax != stored and encodable(syntax, bits_stored=described.bits_stored, colour=colour, signed=signed)
        ]
    return tuple(found)


class TranscodedFrames:
    """Makes frames in other transfer syntaxes; what is made goes into `made` and is given again from there."""

    def __init__(self, made: MadeOnce) -> None:
        self._made = made

    def frame(self, picture: Picture, number: int, syntax: str) -> bytes:
        """Frame `number` (from 1) in one of `transcodings`. Raises NotDecodable, BrokenPixelData, CodecsBusy."""
        record = picture.record
        key = "frame", record.path, record.size, record.received_at, number, syntax
        return self._made.get(key, lambda: transcoded_frame(picture, number, syntax))


def transcoded_frame(picture: Picture, number: int, syntax: str) -> bytes:
    """The same, made anew."""
    if syntax not in transcodings(picture):
        raise NotDecodable(transfer_syntax_uid=picture.record.transfer_syntax_uid, asked=syntax)
    if syntax == ExplicitVRLittleEndian:
        return uncompressed_frame(picture, number)
    described = picture.description
    if described.samples_per_pixel > 1:
        samples = decoded(picture, number)
    else:
        words, word = stored_words(picture, number)
        bits, signed = described.bits_allocated, described.pixel_representation == 1
        samples = word.values()[words] if word.bits else words
        samples = samples.astype(f"{'i' if signed else 'u'}{bits // 8}")
    try:
        return POOL.encoded(np.ascontiguousarray(samples), syntax, described.bits_stored)
    except CodecFailed as error:
        raise BrokenPixelData(frame=number, reason=str(error)) from error
