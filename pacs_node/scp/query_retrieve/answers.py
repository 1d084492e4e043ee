"""From rows of the index to the identifiers of C-FIND responses (PS3.4 section C.4.1.1.3.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pacs_node.archive.paging import Answer
from pacs_node.header.identifiers import IDENTIFIERS
from pacs_node.header.outgoing_text import UTF_8, Outgoing, outgoing_text, tell_left_out
from pacs_node.header.single_set import SingleSet
from pacs_node.model import PersonName
from pacs_node.scp.query_retrieve.encoding import ElementWriter, TextEncoder, tag_and_vr, text_encoder

TIMEZONE = "+0900"
"""Offset of all dates and times of the index: those of the region's clocks (Japan has no summer time)."""

_TEXT_VRS = frozenset({"PN", "LO", "SH", "LT", "ST", "UT", "UC"})
_CHARACTER_SET = tag_and_vr("SpecificCharacterSet")

_Encoder = Callable[[Any], bytes]


class AnswerWriter:
    """Writes the identifiers of one query: always the same attributes, in the order of their tags.

    `fixed` are attributes that are the same in every answer. `preferred_set` is the SpecificCharacterSet of the
    request: where it names Japanese sets the texts go in those; where it names one set without code extensions, in
    one without; else in the smallest set that holds them. With `only`, everything goes in that one set, as far as it
    can say it. Identifiers (`header.identifiers`) go out to the letter or empty, then with a line in the log.
    """

    def __init__(
        self,
        keywords: Sequence[str],
        fixed: Mapping[str, str],
        transfer_syntax_uid: str,
        preferred_set: str,
        only: SingleSet | None = None,
    ) -> None:
        self._writer = ElementWriter(transfer_syntax_uid)
        self._preferred_set = preferred_set
        self._only = only
        self._attributes = sorted((*tag_and_vr(keyword), keyword) for keyword in keywords)
        self._fixed = {
            tag: self._writer.element(tag, vr, value.encode("ascii"))
            for (tag, vr), value in ((tag_and_vr(keyword), value) for keyword, value in fixed.items())
        }

    def write(self, answers: Sequence[Answer]) -> Iterator[bytes]:
        """One identifier for each answer; their texts are looked at together, in one character set."""
        if self._only is not None:
            yield from self._write_only(answers, self._only)
            return
        texts = [keyword for _, vr, keyword in self._attributes if vr in _TEXT_VRS]
        said = {part for answer in answers for keyword in texts for part in _parts(answer[keyword])}
        outgoing = outgoing_text(said, self._preferred_set)
        if "\\" in outgoing.character_set and self._preferred_set and "2022" not in self._preferred_set:
            # Who names one set need not know code extensions: Orthanc refuses a whole answer that has them.
            outgoing = outgoing_text(said, UTF_8)
        encode = text_encoder(outgoing.character_set)
        declared = ""
        if outgoing.character_set:
            declared = outgoing.character_set
        head = self._writer.element(*_CHARACTER_SET, declared.encode("ascii")) if declared else b""
        left_out: set[str] = set()
        elements = self._elements(lambda text: encode(outgoing.text(text)), _identifiers(outgoing, encode, left_out))
        for answer in answers:
            yield head + b"".join(_made(answer, elements))
        tell_left_out(left_out, outgoing.character_set)

    def _write_only(self, answers: Sequence[Answer], only: SingleSet) -> Iterator[bytes]:
        head = self._writer.element(*_CHARACTER_SET, only.declared.encode("ascii")) if only.declared else b""
        written: list[str] = []
        left_out: set[str] = set()

        def encode(text: str) -> bytes:
            written.append(only.text(text))
            return only.encode(written[-1])

        def encode_name(name: str) -> bytes:
            written.append(only.name(name))
            return only.encode(written[-1])

        def encode_said(text: str) -> bytes:
            written.append(text)
            return only.encode(text)

        identifiers = _identifiers(only, encode_said, left_out)
        for answer in answers:
            written.clear()
            # Made anew for each answer: what is remembered of another one would not be noted as written here.
            body = b"".join(_made(answer, self._elements(encode, identifiers, encode_name)))
            yield body if all(map(str.isascii, written)) else head + body
        tell_left_out(left_out, only.character_set)

    def _elements(
        self,
        encode: TextEncoder,
        identifiers: Mapping[str, TextEncoder],
        encode_name: TextEncoder | None = None,
    ) -> list[tuple[str, bytes | _Encoder]]:
        """Each attribute with what makes its element of a value, or with its element, in the order of tags."""
        made: dict[int, tuple[str, bytes | _Encoder]] = {tag: ("", element) for tag, element in self._fixed.items()}
        for tag, vr, keyword in self._attributes:
            text = (encode_name or encode) if vr == "PN" else identifiers.get(keyword, encode)
            made[tag] = (keyword, self._element(tag, vr, self._encoder(vr, text)))
        return [each for _, each in sorted(made.items())]

    def _element(self, tag: int, vr: str, encoder: _Encoder) -> _Encoder:
        """Of a value to its element; the answers of a query have many values in common."""
        known: dict[Any, bytes] = {}

        def element(value: Any) -> bytes:
            key = tuple(value) if isinstance(value, list) else value
            found = known.get(key)
            if found is None:
                found = known[key] = self._writer.element(tag, vr, encoder(value))
            return found

        return element

    def _encoder(self, vr: str, encode: TextEncoder) -> _Encoder:
        if vr == "US":
            return lambda value: b"" if value is None else self._writer.number(value)
        if vr == "PN":
            return lambda value: encode("=".join(_parts(value)).rstrip("="))
        if vr in _TEXT_VRS:
            return lambda value: encode("\\".join(_parts(value)))
        return _plain


def _plain(value: Any) -> bytes:
    """Of a VR without SpecificCharacterSet: the values that ASCII can say (PS3.5 table 6.2-1); `?` would be another."""
    values = [each for part in _parts(value) for each in part.split("\\")]
    return "\\".join(filter(str.isascii, values)).encode("ascii")


def _identifiers(outgoing: Outgoing | SingleSet, encode: TextEncoder, left_out: set[str]) -> Mapping[str, TextEncoder]:
    """For each keyword what encodes its value, which is left out, and the keyword noted, where it can't be said."""

    def encoder(keyword: str) -> TextEncoder:
        def encode_identifier(text: str) -> bytes:
            said = outgoing.identifier(text)
            if said != text:
                left_out.add(keyword)
            return encode(said)

        return encode_identifier

    return {keyword: encoder(keyword) for keyword in IDENTIFIERS}


def _parts(value: Any) -> Iterable[str]:
    if value is None:
        return ()
    if isinstance(value, PersonName):
        return (value.alphabetic, value.ideographic, value.phonetic)
    if isinstance(value, list):
        return value
    return (str(value),)


def _made(answer: Answer, elements: Sequence[tuple[str, bytes | _Encoder]]) -> Iterator[bytes]:
    for keyword, made in elements:
        yield made if isinstance(made, bytes) else made(answer[keyword])
