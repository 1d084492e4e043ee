"""In which form frames are given (PS3.18 section 8.7.3.3 and table 8.7.3-5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b

from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    JPEG2000MC,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEG2000MCLossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from dicomweb.http.accept import MediaRange
from dicomweb.pixels.picture import Picture
from dicomweb.pixels.transcoded import transcodings
from pacs_node.transcoding.decoders import decodable
from pacs_node.transcoding.encoders import LOSSLESS

OCTETS = "application/octet-stream"

_IMAGE_TYPES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys((JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1), ("image/jpeg",)),
    **dict.fromkeys((JPEGLSLossless, JPEGLSNearLossless), ("image/jls", "image/x-jls")),
    **dict.fromkeys((JPEG2000Lossless, JPEG2000), ("image/jp2",)),
    **dict.fromkeys((JPEG2000MCLossless, JPEG2000MC), ("image/jpx",)),
    **dict.fromkeys((HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K), ("image/jphc",)),
    RLELossless: ("image/dicom-rle", "image/x-dicom-rle"),
}


@dataclass(frozen=True, slots=True)
class FrameForm:
    """How each frame goes out: as stored or uncompressed, under which media type, in parts or bare."""

    media_type: str
    transfer_syntax_uid: str
    stored: bool
    multipart: bool

    content_type: str = field(init=False, default="")
    """The Content-Type of one frame."""
    tag: str = field(init=False, default="")
    """The form in an ETag."""

    @property
    def native(self) -> bool:
        """Uncompressed."""
        return not self.stored and self.transfer_syntax_uid == ExplicitVRLittleEndian

    def __post_init__(self) -> None:
        object.__setattr__(self, "content_type", f"{self.media_type}; transfer-syntax={self.transfer_syntax_uid}")
        said = f"{self.content_type} {self.stored} {self.multipart}".encode()
        object.__setattr__(self, "tag", blake2b(said, digest_size=8).hexdigest())


def frame_form(accept: MediaRange, picture: Picture, count: int, *, transcoding: bool = False) -> FrameForm | None:
    """The form of `count` frames that satisfies a range; None where there is none.

    `transfer-syntax=*` is the stored form. With `transcoding` compressed ones may be made: those that are named.
    Native frames are always little endian: Explicit VR
    Big Endian and Implicit VR are not for the web (PS3.18 section 8.7.3.5.2).
    """
    multipart = accept.multipart or accept.is_anything
    if count > 1 and not multipart:
        return None
    wanted = accept.transfer_syntax
    stored = picture.record.transfer_syntax_uid
    compressed = picture.encapsulated is not None
    native = FrameForm(OCTETS, str(ExplicitVRLittleEndian), False, multipart)
    if accept.matches(OCTETS):
        if wanted in ("*", stored) and compressed:
            return FrameForm(OCTETS, stored, True, multipart)
        may_be_native = not compressed or decodable(stored)
        if may_be_native and wanted in (None, "*", str(ExplicitVRLittleEndian)):
            return native
    for media_type in _IMAGE_TYPES.get(stored, ()) if compressed else ():
        if accept.matches(media_type) and wanted in (None, "*", stored):
            return FrameForm(media_type, stored, True, multipart)
    return _compressed_anew(accept, picture, multipart) if transcoding else None


def _compressed_anew(accept: MediaRange, picture: Picture, multipart: bool) -> FrameForm | None:
    """Without a transfer syntax the media type chooses among the lossless ones; what loses is only given by name."""
    wanted = accept.transfer_syntax
    for syntax in transcodings(picture):
        media_types = (OCTETS, *_IMAGE_TYPES.get(syntax, ())) if wanted else _IMAGE_TYPES.get(syntax, ())
        if wanted != syntax and (wanted or syntax not in LOSSLESS):
            continue
        for media_type in media_types:
            if accept.matches(media_type):
                return FrameForm(media_type, syntax, False, multipart)
    return None


def offered(picture: Picture) -> list[str]:
    """The media types that a picture's frames are to be had in."""
    stored = picture.record.transfer_syntax_uid
    forms = [f'multipart/related; type="{OCTETS}"; transfer-syntax=*']
    if picture.encapsulated is not None:
        forms += [f'multipart/related; type="{kind}"' for kind in _IMAGE_TYPES.get(stored, ())]
    if picture.encapsulated is None or decodable(stored):
        forms += [f'multipart/related; type="{OCTETS}"', OCTETS]
    made = [syntax for syntax in transcodings(picture) if syntax != ExplicitVRLittleEndian]
    forms += [f'multipart/related; type="{OCTETS}"; transfer-syntax={syntax}' for syntax in made]
    return forms
