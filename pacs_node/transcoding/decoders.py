"""The decoders that the hub adds to pydicom's: registered once, for whatever gives pixels out."""

from __future__ import annotations

from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from pacs_node.transcoding import jpeg8_plugin, jpeg_lossless_plugin, openjpeg_plugin

openjpeg_plugin.register()
jpeg_lossless_plugin.register()
jpeg8_plugin.register()


def decodable(transfer_syntax_uid: str) -> bool:
    """Whether there is a decoder for this transfer syntax."""
    try:
        return bool(get_decoder(UID(transfer_syntax_uid)).is_available)
    except NotImplementedError:
        return False
