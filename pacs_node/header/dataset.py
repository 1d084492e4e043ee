"""From the elements of a message to a pydicom data set, every value converted, within the limits of `whole`."""

from __future__ import annotations

from pydicom.charset import convert_encodings
from pydicom.dataelem import DataElement, RawDataElement, convert_raw_data_element, empty_value_for_VR
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from pacs_node.header.elements import BrokenDataSet
from pacs_node.header.whole import RawElement, RawItem, read_whole

_SPECIFIC_CHARACTER_SET = 0x00080005


def read_dataset(data: bytes, *, explicit: bool, big_endian: bool) -> Dataset:
    """The data set that `data` is, texts decoded. Raises BrokenDataSet, also where a value is none of its VR."""
    raw = read_whole(data, explicit=explicit, big_endian=big_endian)
    try:
        ds = _dataset(raw, None, implicit=not explicit, big_endian=big_endian)
        ds.decode()
    except Exception as error:
        # pydicom's converters raise whatever they meet.
        raise BrokenDataSet(str(error) or type(error).__name__) from error
    return ds


def _dataset(raw: RawItem, encodings: list[str] | None, *, implicit: bool, big_endian: bool) -> Dataset:
    """One data set or item; `encodings` are those of what it is in."""
    ds = Dataset()
    for element in raw:
        if element.tag == _SPECIFIC_CHARACTER_SET:
            encodings = list(convert_encodings(_converted(element, None).value))
    ds.set_original_encoding(implicit, not big_endian, encodings)
    for element in raw:
        ds[element.tag] = _converted(element, encodings)
    return ds


def _converted(element: RawElement, encodings: list[str] | None) -> DataElement:
    tag, value = BaseTag(element.tag), element.value
    if not isinstance(value, bytes):
        within = [_dataset(item, encodings, implicit=element.implicit, big_endian=element.big_endian) for item in value]
        return DataElement(tag, "SQ", Sequence(within))
    said = value or empty_value_for_VR(element.vr, raw=True)
    # Annotated without the empty list, which stands for an empty SQ.
    raw = RawDataElement(
        tag,
        element.vr,
        len(value),
        said,  # type: ignore[arg-type]
        0,
        element.implicit,
        not element.big_endian,
        is_raw=True,
    )
    return convert_raw_data_element(raw, encoding=encodings)
