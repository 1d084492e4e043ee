"""One key for every way of writing a name, so that たかはし, ﾀｶﾊｼ, 高橋 and 髙橋 find what they should."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from shared_kernel.japanese.variants import folding

_FOLDED = folding()

# Katakana U+30A1–30F6 and the iteration marks U+30FD–30FE lie 0x60 above their hiragana.
_HIRAGANA = {code: chr(code - 0x60) for code in (*range(0x30A1, 0x30F7), 0x30FD, 0x30FE)}

# ー is dropped with the dashes: half-width keyboards write it as a hyphen, and both must find the other.
_DROPPED_CHARACTERS = "^-‐‑‒–—―−ー~～〜・･'’"
_DROPPED_CATEGORIES = {"Zs", "Zl", "Zp", "Cc", "Cf"}
_VARIATION_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))


# Longer than names are; what a query brings may have thousands of characters, and eight thousand such are not kept.
_LONGEST_KEPT = 256


def search_key(text: str) -> str:
    """The key of a name or of what somebody typed to find it; empty for text without letters.

    NFKC, case folded, katakana as hiragana, without spaces, `^` and dashes, old and variant kanji as
    the common form. Keys find candidates; they never say that two people are one.
    """
    return _kept(text) if len(text) <= _LONGEST_KEPT else _key(text)


@lru_cache(maxsize=8192)
def _kept(text: str) -> str:
    return _key(text)


def _key(text: str) -> str:
    key = _pass(text)
    while (again := _pass(key)) != key:
        key = again
    return key


def _pass(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold()
    text = unicodedata.normalize("NFKC", text)
    kept = "".join(character for character in text if not _is_dropped(character))
    return kept.translate(_HIRAGANA).translate(_FOLDED)


def _is_dropped(character: str) -> bool:
    return (
        character in _DROPPED_CHARACTERS
        or unicodedata.category(character) in _DROPPED_CATEGORIES
        or any(ord(character) in selectors for selectors in _VARIATION_SELECTORS)
    )
