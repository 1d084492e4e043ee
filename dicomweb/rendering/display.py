"""How a picture's stored values are meant to be shown, from its data set: rescale, windows, tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset

from dicomweb.dicom_json.values import values_of
from dicomweb.pixels.description import Description
from dicomweb.rendering.captions import technique_line
from dicomweb.rendering.luts import Lut, Palette, lut_of, palette_of
from dicomweb.rendering.window import LINEAR, LINEAR_EXACT, Window

_MOST_FRAMES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameDisplay:
    """What leads from the stored values of a frame to its tones (PS3.4 annex N)."""

    slope: float = 1.0
    intercept: float = 0.0
    modality_lut: Lut | None = None
    window: Window | None = None
    voi_lut: Lut | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """The display attributes of a whole picture."""

    shared: FrameDisplay
    per_frame: tuple[FrameDisplay, ...] = ()
    palette: Palette | None = None
    inverse: bool = False
    """Low values are bright: MONOCHROME1 or PresentationLUTShape INVERSE, which say the same thing."""
    padding: tuple[int, int] | None = None
    """Stored values, first to last, that are no measurement (PixelPaddingValue, PixelPaddingRangeLimit)."""

    technique: str = ""
    """How the picture was made, in a line."""
    icc_profile: bytes | None = None
    """The colour space of the samples in RGB (PS3.3 section C.11.15)."""
    largest: float | None = None
    """What stands for all: MaximumFractionalValue of a segmentation of fractions (PS3.3 section C.8.20.2.3)."""

    def of(self, number: int) -> FrameDisplay:
        """For frame `number`, from 1."""
        return self.per_frame[number - 1] if number <= len(self.per_frame) else self.shared

    @property
    def weight(self) -> int:
        """Rough size, for the cache."""
        tables = (self.shared.modality_lut, self.shared.voi_lut, self.palette)
        return (
            10 * len(self.per_frame)
            + len(self.icc_profile or b"")
            + sum(len(table.table) for table in tables if table is not None)
        )


def display_of(dataset: Dataset, description: Description) -> Display:
    """Read the display attributes. Raises BrokenPixelData for tables that can't be read."""
    colour = description.photometric_interpretation
    shared_groups = next(iter(dataset.get("SharedFunctionalGroupsSequence") or []), None)
    exact = description.is_float
    shared = _frame_display([dataset, *_macros(shared_groups)], exact=exact)
    groups = (dataset.get("PerFrameFunctionalGroupsSequence") or [])[:_MOST_FRAMES]
    per_frame = tuple(
        _frame_display([dataset, *_macros(shared_groups), *_macros(group)], exact=exact) for group in groups
    )
    return Display(
        shared=shared,
        per_frame=() if all(frame == shared for frame in per_frame) else per_frame,
        palette=palette_of(dataset) if colour == "PALETTE COLOR" else None,
        inverse=colour == "MONOCHROME1" or dataset.get("PresentationLUTShape") == "INVERSE",
        padding=_padding(dataset),
        technique=technique_line(dataset),
        icc_profile=_icc_profile(dataset),
        largest=_number(dataset.get("MaximumFractionalValue")),
    )


def _icc_profile(dataset: Dataset) -> bytes | None:
    """The picture's own, or that of its only optical path."""
    paths = dataset.get("OpticalPathSequence") or []
    holder = paths[0] if len(paths) == 1 else dataset
    value = holder.get("ICCProfile")
    return value if isinstance(value, bytes) and value else None


def _macros(group: Dataset | None) -> list[Dataset]:
    """The items of one functional group that say how to show a frame (PS3.3 section C.7.6.16.2)."""
    if group is None:
        return []
    names = ("PixelValueTransformationSequence", "FrameVOILUTSequence")
    return [item for name in names for item in (group.get(name) or [])[:1]]


def _frame_display(layers: Iterable[Dataset], *, exact: bool) -> FrameDisplay:
    """The attributes of several data sets laid over each other, the last one on top."""
    values: dict[str, Any] = {}
    for layer in layers:
        if layer.get("RescaleSlope") is not None and layer.get("RescaleIntercept") is not None:
            slope, intercept = _number(layer.RescaleSlope), _number(layer.RescaleIntercept)
            if slope and intercept is not None:
                values |= {"slope": slope, "intercept": intercept}
        if layer.get("ModalityLUTSequence"):
            values["modality_lut"] = lut_of(layer.ModalityLUTSequence[0])
        if layer.get("VOILUTSequence"):
            values["voi_lut"] = lut_of(layer.VOILUTSequence[0])
        window = _window(layer, exact=exact)
        if window is not None:
            values["window"] = window
    return FrameDisplay(**values)


def _window(layer: Dataset, *, exact: bool) -> Window | None:
    """The first window; one that makes no sense is no window.

    `exact`: the samples are real numbers. LINEAR counts whole steps and would turn the usual window of
    a parametric map, 0 to 1, into a threshold; LINEAR_EXACT is what is meant.
    """
    centre, width = values_of(layer.get("WindowCenter")), values_of(layer.get("WindowWidth"))
    if not centre or not width:
        return None
    function = str(layer.get("VOILUTFunction") or "LINEAR").strip().upper()
    first_centre, first_width = _number(centre[0]), _number(width[0])
    if first_centre is None or first_width is None:
        return None
    return Window.sensible(first_centre, first_width, LINEAR_EXACT if exact and function == LINEAR else function)


def _padding(dataset: Dataset) -> tuple[int, int] | None:
    value, limit = dataset.get("PixelPaddingValue"), dataset.get("PixelPaddingRangeLimit")
    if not isinstance(value, int):
        return None
    other = limit if isinstance(limit, int) else value
    return min(value, other), max(value, other)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (ValueError, TypeError):
        return None
