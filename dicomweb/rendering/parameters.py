"""Query parameters of renditions (PS3.18 section 8.3.5.1)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from starlette.datastructures import QueryParams

from dicomweb.errors import BadParameter
from dicomweb.rendering.window import LINEAR, LINEAR_EXACT, SIGMOID, Window

LARGEST_VIEWPORT = 8192
_FUNCTIONS = {"linear": LINEAR, "linear-exact": LINEAR_EXACT, "sigmoid": SIGMOID}
_ANNOTATIONS = ("patient", "technique")
_PROFILES = ("no", "yes", "srgb")
_DEFAULT_QUALITY = 90
_BEST = 100


@dataclass(frozen=True, slots=True)
class Viewport:
    """The box to fit into, in pixels, and the part of the picture to show: left, top, width, height.

    What is None of the part reaches from the picture's beginning to its end. A negative width or height turns the
    picture round on that axis.
    """

    width: int
    height: int
    part: tuple[float | None, float | None, float | None, float | None] = (None, None, None, None)


@dataclass(frozen=True, slots=True)
class RenderParameters:
    """What a client says of a rendition."""

    window: Window | None = None
    viewport: Viewport | None = None
    quality: int = _DEFAULT_QUALITY
    annotation: tuple[str, ...] = ()
    icc: str = "no"
    patient: tuple[str, ...] = ()
    """The lines of the annotation `patient`: not asked for, but found in the index."""


def parse_render(query: QueryParams, default_viewport: Viewport | None = None) -> RenderParameters:
    """Read the parameters. Raises BadParameter naming the one that is wrong."""
    return RenderParameters(
        window=_window(query["window"]) if "window" in query else None,
        viewport=_viewport(query["viewport"]) if "viewport" in query else default_viewport,
        quality=_quality(query["quality"]) if "quality" in query else _DEFAULT_QUALITY,
        annotation=_annotation(query["annotation"]) if "annotation" in query else (),
        icc=_profile(query["iccprofile"]) if "iccprofile" in query else "no",
    )


def _annotation(text: str) -> tuple[str, ...]:
    found = {part.strip() for part in text.lower().split(",")}
    if not found <= set(_ANNOTATIONS):
        raise BadParameter(parameter="annotation", rule=f"a list of {', '.join(_ANNOTATIONS)}")
    return tuple(word for word in _ANNOTATIONS if word in found)


def _profile(text: str) -> str:
    if text.lower() not in _PROFILES:
        raise BadParameter(parameter="iccprofile", rule=f"one of {', '.join(_PROFILES)}")
    return text.lower()


def _window(text: str) -> Window:
    parts = [part.strip() for part in text.split(",")]
    rule = "centre,width[,linear|linear-exact|sigmoid] with a width of at least 1 for linear, above 0 otherwise"
    if len(parts) not in {2, 3}:
        raise BadParameter(parameter="window", rule=rule)
    function = _FUNCTIONS.get(parts[2].lower() if parts[2:] else "linear")
    centre, width = _real("window", parts[0], rule), _real("window", parts[1], rule)
    window = Window.sensible(centre, width, function) if function else None
    if window is None:
        raise BadParameter(parameter="window", rule=rule)
    return window


def _viewport(text: str) -> Viewport:
    rule = f"width,height[,[left],[top],[width],[height]]; width and height 1 to {LARGEST_VIEWPORT}"
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in {2, 6} or not all(part.isascii() and part.isdigit() for part in parts[:2]):
        raise BadParameter(parameter="viewport", rule=rule)
    width, height = (int(part) if len(part) <= len(str(LARGEST_VIEWPORT)) else 0 for part in parts[:2])
    if not (1 <= width <= LARGEST_VIEWPORT and 1 <= height <= LARGEST_VIEWPORT):
        raise BadParameter(parameter="viewport", rule=rule)
    if len(parts) == 2:  # noqa: PLR2004 - only the box
        return Viewport(width, height)
    left, top, across, down = (_real("viewport", part, rule) if part else None for part in parts[2:])
    if (left or 0) < 0 or (top or 0) < 0 or across == 0 or down == 0:
        raise BadParameter(parameter="viewport", rule=rule)
    return Viewport(width, height, (left, top, across, down))


def _quality(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(_BEST)) and 1 <= int(text) <= _BEST):
        raise BadParameter(parameter="quality", rule=f"a whole number, 1 to {_BEST}")
    return int(text)


def _real(parameter: str, text: str, rule: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise BadParameter(parameter=parameter, rule=rule)
    return number
