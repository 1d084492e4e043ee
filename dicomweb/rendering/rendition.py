"""One frame as the bytes of an image file: kept, and made once for all who ask."""

from __future__ import annotations

from dicomweb.http.cache import etag
from dicomweb.pixels.made_once import MadeOnce
from dicomweb.pixels.picture import Pictures
from dicomweb.rendering.encode import Extras, encoded
from dicomweb.rendering.parameters import RenderParameters
from dicomweb.rendering.tones import eight_bit
from pacs_node.model import InstanceRecord


class Renditions:
    """Draws frames; what is drawn is kept in `made`."""

    def __init__(self, pictures: Pictures, made: MadeOnce) -> None:
        self._pictures = pictures
        self._made = made

    @staticmethod
    def tag(record: InstanceRecord, number: int, media_type: str, asked: RenderParameters) -> str:
        """The ETag of a rendition, under which it is kept as well."""
        return etag([record], "rendered", number, media_type, asked)

    def kept(self, tag: str) -> bytes | None:
        """A rendition that needs no work any more."""
        return self._made.kept(tag)

    def drawn(self, record: InstanceRecord, number: int, media_type: str, asked: RenderParameters) -> bytes:
        """The image file. Raises NoPixels, NoSuchFrame, NotDecodable, BrokenPixelData, BadParameter."""

        def make() -> bytes:
            picture = self._pictures.of(record)
            picture.require_frame(number)
            extras = Extras(technique=picture.display.technique, icc_profile=picture.display.icc_profile)
            return encoded(eight_bit(picture, number, asked.window), media_type, asked, extras)

        return self._made.get(self.tag(record, number, media_type, asked), make)
