"""A stored picture: its description, the place of each frame, and how each is to be shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian

from dicomweb.errors import BrokenPixelData, NoPixels, NoSuchFrame
from dicomweb.http.cache import BoundedCache, identity_tag
from dicomweb.http.pieces import FileRange
from dicomweb.pixels.description import Description, describe
from dicomweb.pixels.encapsulated import Fragment, Frame, encapsulated_frames
from dicomweb.pixels.stored_file import PixelElement, StoredFile, is_the_systems, look_into, opened
from dicomweb.rendering.display import Display, display_of
from pacs_node.model import InstanceRecord
from shared_kernel.errors import DokueiError

_CHANGED = frozenset({DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian})
_KEPT_BYTES = 48 * 2**20
_BASE_BYTES, _FRAME_BYTES, _ENTRY_BYTES = 4000, 200, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Everything about a picture but its pixels; small, and kept in a bounded cache."""

    record: InstanceRecord
    description: Description
    pixels: PixelElement
    little_endian: bool
    encapsulated: tuple[Frame, ...] | None
    """The fragments of each frame; None for native pixels, whose frames lie one behind the other."""
    display: Display
    tag: str
    """What tells this very file from every other, for ETags."""

    @property
    def weight(self) -> int:
        """Rough size in bytes, for the cache."""
        return _BASE_BYTES + _FRAME_BYTES * len(self.encapsulated or ()) + _ENTRY_BYTES * self.display.weight

    def require_frame(self, number: int) -> None:
        """Raise NoSuchFrame unless frame `number` (from 1) exists."""
        if not 1 <= number <= self.description.frames:
            raise NoSuchFrame(frames=self.description.frames, asked=number)

    def fragments(self, number: int) -> Frame:
        """Where the bytes of frame `number` (from 1) are; whole bytes around a frame of single bits."""
        self.require_frame(number)
        if self.encapsulated is not None:
            return self.encapsulated[number - 1]
        first, last = self.bit_range(number)
        begin, end = first // 8, (last + 7) // 8
        if end > self.pixels.length:
            raise BrokenPixelData(reason="the pixel data ends before this frame does", frame=number)
        return (Fragment(self.pixels.offset + begin, end - begin),)

    def bit_range(self, number: int) -> tuple[int, int]:
        """First and last (exclusive) bit of a native frame within the pixel data."""
        bits = self.description.frame_bits
        return (number - 1) * bits, number * bits

    @property
    def is_plain(self) -> bool:
        """Whether a native frame is given byte for byte as it lies in the file."""
        plain = self.encapsulated is None and self.description.bits_allocated > 1
        return plain and self.record.transfer_syntax_uid not in _CHANGED

    @property
    def is_in_file(self) -> bool:
        """Whether fragments are places of the file as it is on the disk."""
        return self.record.transfer_syntax_uid != DeflatedExplicitVRLittleEndian

    def pieces(self, number: int) -> list[FileRange]:
        """Where the bytes of frame `number` are in the file."""
        return [FileRange(self.record.path, *fragment) for fragment in self.fragments(number)]

    def stored_frame(self, number: int) -> bytes:
        """The bytes of one frame as they are stored."""
        return b"".join(self._read(self.fragments(number)))

    def _read(self, frame: Frame) -> Iterator[bytes]:
        with opened(self.record) as file:
            for fragment in frame:
                file.seek(fragment.offset)
                data = file.read(fragment.length)
                if len(data) != fragment.length:
                    raise BrokenPixelData(reason="the file is shorter than it was")
                yield data


class Pictures:
    """Looks into stored files for their pictures, once each."""

    def __init__(self) -> None:
        self._kept: BoundedCache[Picture] = BoundedCache(_KEPT_BYTES, lambda picture: picture.weight)

    def known(self, record: InstanceRecord) -> Picture | None:
        """The picture of an instance that was looked into before."""
        return self._kept.get(record.path)

    def of(self, record: InstanceRecord) -> Picture:
        """The picture of an instance. Raises NoPixels and BrokenPixelData."""
        return self._kept.get_or_make(record.path, lambda: _picture(record))


def _picture(record: InstanceRecord) -> Picture:
    stored = look_into(record)
    if stored.pixels is None:
        raise NoPixels(sop_class_uid=record.sop_class_uid)
    try:
        return _understood(record, stored, stored.pixels)
    except DokueiError:
        raise
    except Exception as error:  # whatever pydicom meets in an attribute that the picture needs
        if is_the_systems(error):
            raise
        raise BrokenPixelData(reason=str(error)[:200]) from error


def _understood(record: InstanceRecord, stored: StoredFile, pixels: PixelElement) -> Picture:
    description = describe(stored.dataset, pixels)
    return Picture(
        record=record,
        description=description,
        pixels=pixels,
        little_endian=stored.little_endian,
        encapsulated=_encapsulated(record, stored, pixels, description),
        display=display_of(stored.dataset, description),
        tag=identity_tag(record),
    )


def _encapsulated(
    record: InstanceRecord, stored: StoredFile, pixels: PixelElement, description: Description
) -> tuple[Frame, ...] | None:
    syntax = UID(record.transfer_syntax_uid)
    if not pixels.encapsulated:
        if not syntax.is_private and syntax.is_transfer_syntax and syntax.is_compressed and not syntax.is_deflated:
            raise BrokenPixelData(reason="compressed pixel data that is not encapsulated")
        return None
    table = stored.dataset.get("ExtendedOffsetTable"), stored.dataset.get("ExtendedOffsetTableLengths")
    extended = (table[0], table[1]) if table[0] and table[1] else None
    with opened(record) as file:
        return tuple(encapsulated_frames(file, pixels.offset, description.frames, extended))
