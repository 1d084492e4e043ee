"""Text for receivers that read one character set without code extensions (PS3.3 C.12.1.1.2), such as old scanners.

Nothing is ever replaced by `?`. What the set lacks is folded (髙 → 高, Ａ → A; for ISO_IR 13 all kana → ｶﾅ). Where that
is not enough, a name keeps the groups that can be written, and any other text is left out whole: half a sentence
may say the contrary.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pydicom.charset import python_encoding

from shared_kernel.japanese.variants import folding

_ASCII, _KANA = "ISO_IR 6", "ISO_IR 13"
_UNICODE = "ISO_IR 192"
_ESC = "\x1b"
_GROUPS = 3
_CODECS = {**python_encoding, "ISO_IR 203": "iso8859_15"}
_TRAILING = re.compile(r"[\^ ]+$")
_FOLDED = folding()
_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_HALF_WIDTH_FIRST, _HALF_WIDTH_BEHIND = 0xFF61, 0xFFA0
_HALF_WIDTH = {
    ord(unicodedata.normalize("NFKC", chr(half))): chr(half) for half in range(_HALF_WIDTH_FIRST, _HALF_WIDTH_BEHIND)
} | {ord("゛"): "ﾞ", ord("゜"): "ﾟ", 0x3099: "ﾞ", 0x309A: "ﾟ"}


@dataclass(frozen=True, slots=True)
class SingleSet:
    """One set, and what of a text can be written in it."""

    character_set: str
    """A value of SpecificCharacterSet."""

    @property
    def declared(self) -> str:
        """What goes out as SpecificCharacterSet; empty for ASCII, which nobody declares."""
        return "" if self.character_set == _ASCII else self.character_set

    def encode(self, text: str) -> bytes:
        """The bytes of a text that `name` or `text` has given."""
        if text.isascii():
            return text.encode("ascii")
        return text.encode(_CODECS[self.character_set])

    def text(self, value: str) -> str:
        """The value as it is to be written; empty where the set can't say it."""
        return next((way for way in self._ways(value) if self._holds(way)), "")

    def identifier(self, value: str) -> str:
        """The value to the letter (see `header.identifiers`); empty where the set can't say it."""
        return value if self._holds(value) else ""

    def name(self, value: str) -> str:
        """A person's name: the groups that can be written; where the first one can't, another one takes its place."""
        groups = [_TRAILING.sub("", self.text(group)) for group in value.split("=")[:_GROUPS]]
        if not groups[0]:
            other = next((at for at, group in enumerate(groups) if group), 0)
            groups[0], groups[other] = groups[other], ""
        return "=".join(groups).rstrip("=")

    def _ways(self, value: str) -> Iterable[str]:
        yield value
        plain = unicodedata.normalize("NFKC", value)
        if self.character_set == _KANA:
            katakana = unicodedata.normalize("NFD", plain.translate(_KATAKANA))
            yield katakana.translate(_HALF_WIDTH)
        yield value.translate(_FOLDED)
        if not (set(plain) - set(value)) & set("\\^="):
            yield plain
            yield plain.translate(_FOLDED)
            bare = unicodedata.normalize("NFKD", plain)
            yield "".join(character for character in bare if not unicodedata.combining(character))

    def _holds(self, value: str) -> bool:
        return _ESC not in value and all(character.isascii() or self._has(character) for character in value)

    def _has(self, character: str) -> bool:
        if self.character_set in _RULES:
            return _RULES[self.character_set](character)
        try:
            character.encode(_CODECS[self.character_set])
        except UnicodeEncodeError:
            return False
        return True


_RULES: dict[str, Callable[[str], bool]] = {
    _ASCII: lambda character: False,
    _KANA: lambda character: _HALF_WIDTH_FIRST <= ord(character) < _HALF_WIDTH_BEHIND,
    "ISO_IR 100": lambda character: "\xa0" <= character <= "\xff",
}


def single_set(character_set: str) -> SingleSet | None:
    """The set of a SpecificCharacterSet; None for code extensions, for UTF-8 and for what can't be declared."""
    alone = character_set.startswith("ISO_IR ") or character_set in {"GB18030", "GBK"}
    if character_set == _UNICODE or not alone or character_set not in _CODECS:
        return None
    return SingleSet(character_set)
