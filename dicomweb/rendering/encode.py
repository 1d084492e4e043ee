"""From 8-bit samples to the bytes of an image file."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from dicomweb.errors import BadParameter
from dicomweb.rendering.parameters import RenderParameters, Viewport

JPEG, PNG = "image/jpeg", "image/png"
MEDIA_TYPES = (JPEG, PNG)


def encoded(samples: NDArray[np.uint8], media_type: str, asked: RenderParameters) -> bytes:
    """The picture cut, scaled and written as JPEG or PNG. Raises BadParameter for a part outside of it."""
    image = Image.fromarray(samples)
    if asked.viewport is not None:
        image = _fitted(image, asked.viewport)
    buffer = io.BytesIO()
    if media_type == PNG:
        image.save(buffer, "PNG", compress_level=1)
    else:
        image.save(buffer, "JPEG", quality=asked.quality)
    return buffer.getvalue()


def _fitted(image: Image.Image, viewport: Viewport) -> Image.Image:
    """As large as fits into the viewport, with its own proportions (PS3.18 section 8.3.5.1.3)."""
    if viewport.part is not None:
        left, top, across, down = viewport.part
        box = (round(left), round(top), round(left + abs(across)), round(top + abs(down)))
        if box[2] > image.width or box[3] > image.height or box[2] <= box[0] or box[3] <= box[1]:
            raise BadParameter(parameter="viewport", rule=f"a part within {image.width},{image.height}")
        image = image.crop(box)
        image = ImageOps.mirror(image) if across < 0 else image
        image = ImageOps.flip(image) if down < 0 else image
    scale = min(viewport.width / image.width, viewport.height / image.height)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image if size == image.size else image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
