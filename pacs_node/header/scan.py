"""The few elements of a data set that the index needs."""

from __future__ import annotations

import io
import re
import uuid
import zlib
from dataclasses import dataclass, field, fields, replace
from typing import BinaryIO

from pacs_node.errors import MissingIdentifier, NotDicom
from pacs_node.header.character_set_repair import read_texts
from pacs_node.header.elements import BrokenDataSet, looks_explicit, read_elements
from pacs_node.header.head import read_head
from pacs_node.header.person_name import person_name
from pacs_node.header.series_words import NO_WORDS, SeriesWords, series_words
from pacs_node.header.values import da, indexed_text, integer, tm, unsigned_short
from pacs_node.model import PersonName

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"

# The header lies in the first bytes of the data set; a stream that deflates further is of no interest.
_INFLATED = 4 * 2**20
_WORDS_WITHIN = 128 * 2**10

# Wider than PS3.5 section 9.1 (devices that put letters into UIDs exist), but harmless in a URL and on a line.
_UID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")

# Storage of Non-Patient Objects (PS3.4 table GG.3-1).
_OF_NO_PATIENT = frozenset(
    {
        "1.2.840.10008.5.1.4.38.1",  # Hanging Protocol
        "1.2.840.10008.5.1.4.39.1",  # Color Palette
        "1.2.840.10008.5.1.4.43.1",  # Generic Implant Template
        "1.2.840.10008.5.1.4.44.1",  # Implant Assembly Template
        "1.2.840.10008.5.1.4.45.1",  # Implant Template Group
        "1.2.840.10008.5.1.4.1.1.200.1",  # CT Defined Procedure Protocol
        "1.2.840.10008.5.1.4.1.1.200.3",  # Protocol Approval
        "1.2.840.10008.5.1.4.1.1.200.7",  # XA Defined Procedure Protocol
        "1.2.840.10008.5.1.4.1.1.201.1",  # Inventory
    }
)

_TAGS = {
    "SpecificCharacterSet": 0x00080005,
    "SOPClassUID": 0x00080016,
    "SOPInstanceUID": 0x00080018,
    "StudyDate": 0x00080020,
    "SeriesDate": 0x00080021,
    "StudyTime": 0x00080030,
    "SeriesTime": 0x00080031,
    "AccessionNumber": 0x00080050,
    "Modality": 0x00080060,
    "ReferringPhysicianName": 0x00080090,
    "StudyDescription": 0x00081030,
    "SeriesDescription": 0x0008103E,
    "PatientName": 0x00100010,
    "PatientID": 0x00100020,
    "IssuerOfPatientID": 0x00100021,
    "PatientBirthDate": 0x00100030,
    "PatientSex": 0x00100040,
    "BodyPartExamined": 0x00180015,
    "StudyInstanceUID": 0x0020000D,
    "SeriesInstanceUID": 0x0020000E,
    "StudyID": 0x00200010,
    "SeriesNumber": 0x00200011,
    "InstanceNumber": 0x00200013,
    "NumberOfFrames": 0x00280008,
    "Rows": 0x00280010,
    "Columns": 0x00280011,
}
_WANTED = frozenset(_TAGS.values())
_LAST = max(_WANTED)
_TEXTS = _WANTED - {
    _TAGS[keyword]
    for keyword in (
        "SpecificCharacterSet",
        "SOPClassUID",
        "SOPInstanceUID",
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "InstanceNumber",
        "NumberOfFrames",
        "SeriesNumber",
        "Rows",
        "Columns",
    )
}
_SLOTS = {tag: place for place, tag in enumerate(_TAGS.values())}
_OF_THE_INSTANCE = [_SLOTS[_TAGS[keyword]] for keyword in ("SOPInstanceUID", "InstanceNumber")]
_MOST_KINDS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the index keeps of an instance.

    Dates are `YYYYMMDD`, times `HHMMSS.ffffff`, empty where unknown or impossible; texts are decoded
    and free of control characters; names keep their `^`.
    """

    sop_class_uid: str
    sop_instance_uid: str
    study_uid: str
    series_uid: str
    patient_id: str
    patient_name: PersonName
    birth_date: str
    sex: str
    study_date: str
    study_time: str
    accession_number: str
    study_id: str
    study_description: str
    referring_physician: PersonName
    modality: str
    series_number: int | None
    series_date: str
    series_time: str
    series_description: str
    body_part: str
    instance_number: int | None
    number_of_frames: int | None
    rows: int | None
    columns: int | None
    of_patient: bool
    """Whether it is part of somebody's examination; False for a hanging protocol, an implant template, a palette."""
    issuer_of_patient_id: str = ""
    """As the data set says; whose patient it is says `patient_site`."""
    patient_site: str = ""
    """Code of the site that has issued the PatientID, by the sender's rules; empty: the sender's own."""
    text_suspect: bool = False
    """A text was mended, or looks garbled; see `character_set_repair`."""
    words: SeriesWords = field(default=NO_WORDS, compare=False, repr=False)
    """What it says of its series beside the above; of an instance that is like another one, what that one said."""
    likeness: object = field(default=None, compare=False, repr=False)
    """Two headers with the same likeness, if not None, differ in SOPInstanceUID and InstanceNumber alone."""


def scan_head(
    head: bytes, dataset_offset: int, transfer_syntax_uid: str, sop_class_uid: str = "", *, character_set: str = ""
) -> Header | None:
    """The header of a data set whose first bytes are in `head`; None where that does not suffice and `scan` must.

    What many instances of a series have in common is worked out once. `character_set` is read instead of
    what the data set declares. Raises MissingIdentifier as `scan` does.
    """
    if transfer_syntax_uid in (EXPLICIT_BIG, DEFLATED):
        return None
    explicit = transfer_syntax_uid != IMPLICIT_LITTLE
    if explicit and not head[dataset_offset + 4 : dataset_offset + 6].isupper():
        return None
    values = read_head(head, dataset_offset, explicit=explicit, slots=_SLOTS, last_tag=_LAST)
    if values is None:
        return None
    instance, number = (values[place] for place in _OF_THE_INSTANCE)
    for place in _OF_THE_INSTANCE:
        values[place] = b""
    kind: tuple[str | bytes, ...] = (sop_class_uid, character_set, *values)
    like = _kinds.get(kind)
    if like is not None:
        return _alike(like, _checked_uid("SOPInstanceUID", instance) or _missing("SOPInstanceUID"), integer(number))
    for place, value in zip(_OF_THE_INSTANCE, (instance, number), strict=True):
        values[place] = value
    raw = {tag: values[place] for tag, place in _SLOTS.items() if values[place]}
    if not raw:
        return None
    header = _header(_Values(raw, big_endian=False, character_set=character_set), sop_class_uid, whole=True)
    if any(_checked_uid(key, values[_SLOTS[_TAGS[key]]]) is None for key in ("StudyInstanceUID", "SeriesInstanceUID")):
        return header  # stands alone: what it is kept under follows from its own UID
    header = replace(
        header,
        likeness=object(),
        words=series_words(head, dataset_offset, explicit=explicit, character_set=character_set),
    )
    if len(_kinds) >= _MOST_KINDS:
        _kinds.clear()
    _kinds[kind] = header
    return header


_kinds: dict[tuple[str | bytes, ...], Header] = {}


def _alike(like: Header, sop_instance_uid: str, instance_number: int | None) -> Header:
    """`dataclasses.replace` for the two fields, without going through the other ones' initialisation by name."""
    new = object.__new__(Header)
    for name in _FIELDS:
        object.__setattr__(new, name, getattr(like, name))
    object.__setattr__(new, "sop_instance_uid", sop_instance_uid)
    object.__setattr__(new, "instance_number", instance_number)
    return new


_FIELDS = tuple(item.name for item in fields(Header))


def scan(
    file: BinaryIO, dataset_offset: int, transfer_syntax_uid: str, sop_class_uid: str = "", *, character_set: str = ""
) -> Header:
    """Read the header of a data set that begins at `dataset_offset`; pixels are never read.

    `sop_class_uid` is what the file meta or the command says, for a data set without one, `character_set` what
    texts are read by instead of what the data set declares.
    An object that names neither study nor series (a hanging protocol, a test picture) stands alone: the
    index keeps it under UIDs that follow from its own. One that names a series but no study is
    somebody's image with a part missing, and refused, as is one that ends where they would be.
    Raises NotDicom when the bytes are no data set of this transfer syntax, MissingIdentifier when
    SOPInstanceUID, StudyInstanceUID, SeriesInstanceUID or the SOP class is absent or no UID.
    """
    file.seek(dataset_offset)
    big_endian = transfer_syntax_uid == EXPLICIT_BIG
    try:
        source = _inflated(file) if transfer_syntax_uid == DEFLATED else file
        raw, last_seen = read_elements(
            source,
            explicit=transfer_syntax_uid != IMPLICIT_LITTLE,
            big_endian=big_endian,
            wanted=_WANTED,
            last_tag=_LAST,
        )
    except (BrokenDataSet, zlib.error, OverflowError) as error:
        raise NotDicom(found=str(error)) from error
    if not raw:
        raise NotDicom(found="no element that an instance has")
    values = _Values(raw, big_endian=big_endian, character_set=character_set)
    header = _header(values, sop_class_uid, whole=last_seen > _TAGS["SeriesInstanceUID"])
    if big_endian or transfer_syntax_uid == DEFLATED:
        return header
    file.seek(dataset_offset)
    explicit = transfer_syntax_uid != IMPLICIT_LITTLE and looks_explicit(file)
    words = series_words(file.read(_WORDS_WITHIN), 0, explicit=explicit, character_set=character_set)
    return replace(header, words=words)


def uid(value: str) -> str | None:
    """The value if it can serve as a UID, else None."""
    return value if _UID.fullmatch(value) and ".." not in value else None


def _checked_uid(keyword: str, raw: bytes) -> str | None:
    value = raw.decode("ascii", "replace").strip("\0 ")
    if not value:
        return None
    if uid(value) is None:
        raise MissingIdentifier(keyword=keyword, rule="1-64 digits and full stops")
    return value


class _Values:
    """Access to raw values by keyword; texts by the data set's character set, or by that which its sender has."""

    def __init__(self, raw: dict[int, bytes], *, big_endian: bool, character_set: str = "") -> None:
        self._raw = raw
        self._big_endian = big_endian
        texts = {tag: value for tag, value in raw.items() if tag in _TEXTS}
        self._texts = read_texts(texts, raw.get(_TAGS["SpecificCharacterSet"], b""), character_set)

    @property
    def text_suspect(self) -> bool:
        """Whether a text was mended, or looks garbled."""
        return self._texts.suspect

    def text(self, keyword: str, longest: int = 255) -> str:
        """The first value, cleaned. Split after decoding: a byte 5C may be half of a kanji."""
        return indexed_text(self._decoded(keyword).split("\\")[0], longest)

    def name(self, keyword: str) -> PersonName:
        """The first value of a PN, in groups."""
        return person_name(indexed_text(self._decoded(keyword).split("\\")[0]))

    def uid(self, keyword: str) -> str | None:
        """A UID, None if absent. Raises MissingIdentifier if there is one that can't serve."""
        return _checked_uid(keyword, self._raw.get(_TAGS[keyword], b""))

    def integer(self, keyword: str) -> int | None:
        """An IS."""
        return integer(self._raw.get(_TAGS[keyword]))

    def short(self, keyword: str) -> int | None:
        """A US."""
        return unsigned_short(self._raw.get(_TAGS[keyword]), big_endian=self._big_endian)

    def _decoded(self, keyword: str) -> str:
        return self._texts.by_key.get(_TAGS[keyword], "")


def _header(values: _Values, sop_class_uid: str, *, whole: bool) -> Header:
    sop_instance_uid = values.uid("SOPInstanceUID") or _missing("SOPInstanceUID")
    study_uid, series_uid = values.uid("StudyInstanceUID"), values.uid("SeriesInstanceUID")
    lone = study_uid is None and series_uid is None and whole
    if lone:
        study_uid, series_uid = (_lone(sop_instance_uid, level) for level in ("study", "series"))
    sop_class_uid = values.uid("SOPClassUID") or uid(sop_class_uid) or _missing("SOPClassUID")
    patient_id, patient_name = values.text("PatientID", 128), values.name("PatientName")
    rows, columns = values.short("Rows"), values.short("Columns")
    frames = values.integer("NumberOfFrames")
    return Header(
        sop_class_uid=sop_class_uid,
        sop_instance_uid=sop_instance_uid,
        study_uid=study_uid or _missing("StudyInstanceUID"),
        series_uid=series_uid or _missing("SeriesInstanceUID"),
        patient_id=patient_id,
        patient_name=patient_name,
        birth_date=da(values.text("PatientBirthDate")),
        sex=values.text("PatientSex", 16),
        study_date=da(values.text("StudyDate")),
        study_time=tm(values.text("StudyTime")),
        accession_number=values.text("AccessionNumber", 64),
        study_id=values.text("StudyID", 64),
        study_description=values.text("StudyDescription"),
        referring_physician=values.name("ReferringPhysicianName"),
        modality=values.text("Modality", 32),
        series_number=values.integer("SeriesNumber"),
        series_date=da(values.text("SeriesDate")),
        series_time=tm(values.text("SeriesTime")),
        series_description=values.text("SeriesDescription"),
        body_part=values.text("BodyPartExamined", 64),
        instance_number=values.integer("InstanceNumber"),
        number_of_frames=max(1, frames or 1) if rows and columns else None,
        rows=rows,
        columns=columns,
        # Alone but with somebody's name it is an image that a reader must not miss.
        issuer_of_patient_id=values.text("IssuerOfPatientID", 64),
        text_suspect=values.text_suspect,
        of_patient=sop_class_uid not in _OF_NO_PATIENT
        and not (lone and not patient_id and patient_name == PersonName()),
    )


def _missing(keyword: str) -> str:
    raise MissingIdentifier(keyword=keyword)


def _lone(sop_instance_uid: str, level: str) -> str:
    """A UID (PS3.5 annex B.2) that follows from the instance's, for the index to keep it under."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, f'{sop_instance_uid} {level}').int}"


def _inflated(file: BinaryIO) -> BinaryIO:
    """The first bytes of a deflated data set (PS3.5 annex A.5: raw deflate), at most 4 MiB of them."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    out = io.BytesIO()
    while out.tell() < _INFLATED and not inflater.eof:
        chunk = inflater.unconsumed_tail or file.read(64 * 1024)
        if not chunk:
            break
        out.write(inflater.decompress(chunk, _INFLATED - out.tell()))
    out.seek(0)
    return out
