"""Proves that text is read as PS3.3 C.12.1.1.2 declares it, and that no bytes raise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs_node.header.character_set import CharacterSet

_YAMADA = b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B"


@pytest.mark.parametrize(
    ("declared", "raw", "expected"),
    [
        (b"", b"Yamada", "Yamada"),
        (b"\\ISO 2022 IR 87", _YAMADA, "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        (b"\\ISO 2022 IR 87 ", _YAMADA[:-3], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        (b"ISO_IR 13", b"\xd4\xcf\xc0\xde", "ﾔﾏﾀﾞ"),
        (b"ISO_IR 13", "表^ソ".encode("cp932"), "表^ソ"),
        (b"ISO_IR 192", "髙﨑^𠮷".encode(), "髙﨑^𠮷"),
        (b"ISO-IR 100", b"Caf\xe9", "Café"),
        (b"iso_ir 100", b"Caf\xe9", "Café"),
        (b"GB18030", "王^小东".encode("gb18030"), "王^小东"),
        (b"\\ISO 2022 IR 149", b"\x1b$)C\xb1\xe8", "김"),
        (b"\\ISO 2022 IR 58", b"\x1b$)A\xcd\xf5", "王"),
        (b"ISO_IR 100", b"\x80", "\x80"),
        (b"", b"\xe9", "\ufffd"),
        (b"NOBODY KNOWS", b"\xe9", "\ufffd"),
        (b"ISO_IR 192", b"\xff", "\ufffd"),
    ],
)
def test_declared_text_is_read(declared: bytes, raw: bytes, expected: str) -> None:
    assert expected == CharacterSet(declared).decode(raw)


@given(declared=st.binary(max_size=40), raw=st.binary(max_size=80))
def test_no_bytes_raise(declared: bytes, raw: bytes) -> None:
    assert isinstance(CharacterSet(declared).decode(raw), str)


@given(
    terms=st.lists(
        st.sampled_from(["", "ISO 2022 IR 87", "ISO 2022 IR 13", "ISO 2022 IR 159", "ISO_IR 192", "ISO 2022 IR 149"])
    ),
    text=st.text(st.characters(codec="iso2022_jp", exclude_characters="\x1b¥‾"), max_size=20),
)
def test_what_another_encoder_wrote_is_read_back(terms: list[str], text: str) -> None:
    text = "".join(character for character in text if character.isprintable())
    raw = text.encode("iso2022_jp")
    assert text == CharacterSet("\\".join(["", *terms]).encode()).decode(raw) or "ISO_IR 192" in terms
