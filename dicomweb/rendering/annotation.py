"""Words burned into a picture (PS3.18 section 8.3.5.1.1), with a font that has Japan's characters."""

from __future__ import annotations

import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from dicomweb.errors import BadParameter, NoFont

_PLACES = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",  # Debian, Ubuntu: fonts-noto-cjk
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",  # Fedora
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",  # Arch, Alpine
    "/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
)
_FAMILY = "Noto Sans CJK JP"
_LARGEST, _SMALLEST = 48, 9
_LINES_DOWN = 28  # a line is this part of the picture's height


@lru_cache(maxsize=1)
def font_file() -> Path:
    """Noto Sans CJK where the system keeps it, else where fontconfig finds it. Raises NoFont."""
    found = next((Path(place) for place in _PLACES if Path(place).is_file()), None)
    if found is None and (program := shutil.which("fc-match")) is not None:
        asked = subprocess.run(  # noqa: S603 - a fixed question
            [program, "--format=%{family}\n%{file}", _FAMILY], capture_output=True, text=True, timeout=10, check=False
        )
        family, _, file = asked.stdout.partition("\n")
        found = Path(file) if "CJK" in family and Path(file).is_file() else None
    if found is None:
        raise NoFont(font=_FAMILY, package="fonts-noto-cjk")
    return found


def burned_in(image: Image.Image, top: tuple[str, ...], bottom: tuple[str, ...]) -> Image.Image:
    """A copy with lines at its upper and at its lower left, white with a black edge.

    Raises NoFont, and BadParameter where the lines do not fit: a name is never cut.
    """
    font = _fitting(image, (*top, *bottom))
    drawn = image.copy()
    draw = ImageDraw.Draw(drawn)
    margin = max(2, round(font.size / 4))
    colour, edge = ("white", "black") if image.mode == "RGB" else (255, 0)
    for lines, place, anchor in (
        (top, (margin, margin), "la"),
        (bottom, (margin, image.height - margin), "ld"),
    ):
        draw.multiline_text(place, "\n".join(lines), colour, font, anchor, stroke_width=1, stroke_fill=edge)
    return drawn


def _fitting(image: Image.Image, lines: tuple[str, ...]) -> ImageFont.FreeTypeFont:
    """The largest size up to 1/28 of the height in which all lines fit."""
    draw = ImageDraw.Draw(Image.new("L", (1, 1)))
    size = min(max(image.height // _LINES_DOWN, _SMALLEST), _LARGEST)
    while True:
        font = _font(size)
        _, _, right, bottom = draw.multiline_textbbox((0, 0), "\n".join(lines), font, stroke_width=1)
        if right + size // 2 <= image.width and bottom + size <= image.height:
            return font
        if size <= _SMALLEST:
            raise BadParameter(
                parameter="annotation", rule="a picture in which the text fits: ask for a larger viewport"
            )
        size = max(_SMALLEST, size * 4 // 5)


@lru_cache(maxsize=_LARGEST)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font_file(), size)
