"""From 8-bit samples to the bytes of an image file."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps
from PIL.PngImagePlugin import PngInfo

from dicomweb.errors import BadParameter, BrokenPixelData
from dicomweb.rendering.annotation import burned_in
from dicomweb.rendering.parameters import RenderParameters, Viewport

JPEG, PNG = "image/jpeg", "image/png"
MEDIA_TYPES = (JPEG, PNG)
REDUCED = "reduced; not for diagnosis"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What belongs to the picture beside its samples."""

    technique: str = ""
    icc_profile: bytes | None = None


def encoded(samples: NDArray[np.uint8], media_type: str, asked: RenderParameters, extras: Extras) -> bytes:
    """The picture cut, scaled, annotated and written as JPEG or PNG, in this order (PS3.18 section 8.3.5.1).

    Raises BadParameter for a part outside of it and for text that does not fit, NoFont.
    """
    image = Image.fromarray(samples)
    whole = image.size
    if asked.viewport is not None:
        image, whole = _fitted(image, asked.viewport)
    if asked.annotation:
        bottom = (extras.technique,) if "technique" in asked.annotation and extras.technique else ()
        image = burned_in(image, asked.patient, bottom)
    image, profile = _coloured(image, asked.icc, extras.icc_profile)
    comment = ""
    if image.width < whole[0] or image.height < whole[1]:
        # The label travels with the file, wherever it goes.
        comment = f"{REDUCED}: {image.width}x{image.height} of {whole[0]}x{whole[1]}"
    buffer = io.BytesIO()
    if media_type == PNG:
        info = PngInfo()
        if comment:
            info.add_text("Comment", comment)
        image.save(buffer, "PNG", compress_level=1, icc_profile=profile, pnginfo=info)
    else:
        told = {"comment": comment} if comment else {}
        # Chroma at full resolution: colour carries meaning in Doppler and fused pictures.
        image.save(buffer, "JPEG", quality=asked.quality, subsampling=0, icc_profile=profile, **told)
    return buffer.getvalue()


def sizes(viewport: Viewport | None, columns: int, rows: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Width and height of what is shown of a picture, and of the rendition of it (PS3.18 section 8.3.5.1.3).

    Raises BadParameter for a part outside of the picture.
    """
    if viewport is None:
        return (columns, rows), (columns, rows)
    left, top, right, bottom = _box(viewport, columns, rows)
    width, height = right - left, bottom - top
    scale = min(viewport.width / width, viewport.height / height)
    return (width, height), (max(1, round(width * scale)), max(1, round(height * scale)))


def _box(viewport: Viewport, columns: int, rows: int) -> tuple[int, int, int, int]:
    left, top, across, down = viewport.part
    left, top = left or 0.0, top or 0.0
    right = left + abs(across if across is not None else columns - left)
    bottom = top + abs(down if down is not None else rows - top)
    box = (round(left), round(top), round(right), round(bottom))
    if box[2] > columns or box[3] > rows or box[2] <= box[0] or box[3] <= box[1]:
        raise BadParameter(parameter="viewport", rule=f"a part within {columns},{rows}")
    return box


def _fitted(image: Image.Image, viewport: Viewport) -> tuple[Image.Image, tuple[int, int]]:
    """As large as fits into the viewport, with its own proportions, and the size of what is shown there."""
    shown, size = sizes(viewport, *image.size)
    box = _box(viewport, *image.size)
    if box != (0, 0, *image.size):
        image = image.crop(box)
    _, _, across, down = viewport.part
    image = ImageOps.mirror(image) if across is not None and across < 0 else image
    image = ImageOps.flip(image) if down is not None and down < 0 else image
    if size != image.size:
        image = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    return image, shown


def _coloured(image: Image.Image, asked: str, own: bytes | None) -> tuple[Image.Image, bytes | None]:
    """The picture in the colour space that is asked for, and the profile to put into the file; grey has none.

    Raises BrokenPixelData for a profile that can't be read.
    """
    if asked == "no" or image.mode != "RGB":
        return image, None
    if asked == "yes" or own is None:
        return image, own or _srgb()
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(own))
        made = ImageCms.profileToProfile(image, source, ImageCms.ImageCmsProfile(io.BytesIO(_srgb())))
    except (ImageCms.PyCMSError, OSError) as error:
        raise BrokenPixelData(reason="the ICC profile can't be read") from error
    assert made is not None  # noqa: S101 - it is not made in place
    return made, _srgb()


@lru_cache(maxsize=1)
def _srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
