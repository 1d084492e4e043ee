"""Proves that texts of wrongly declared sets are mended where it is certain, marked where they were or could not be."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs_node.header.character_set_repair import read_texts

UNDECLARED = [b"", b"NOBODY KNOWS", b"\\ISO 2022 IR 87 ", b"ISO_IR 6"]
FULL = ("Yamada^Taro=山田^太郎=やまだ^たろう", "頭部ソ表示")
CODECS = ["cp932", "euc_jp", "utf_8"]


def read(declared: bytes, *values: bytes, override: str = "") -> tuple[list[str], bool]:
    """The texts of values in the order given, and the mark."""
    texts = read_texts(dict(enumerate(values)), declared, override)
    return list(texts.by_key.values()), texts.suspect


def encode(codec: str, *texts: str) -> list[bytes]:
    return [text.encode(codec) for text in texts]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("declared", [*UNDECLARED, b"ISO_IR 192"])
def test_japanese_without_its_declaration_is_mended_and_marked(declared: bytes, codec: str) -> None:
    marked = (declared, codec) != (b"ISO_IR 192", "utf_8")
    assert (list(FULL), marked) == read(declared, *encode(codec, *FULL))


@pytest.mark.parametrize("codec", ["cp932", "utf_8"])
def test_japanese_declared_as_latin_1_is_mended_where_that_gives_controls(codec: str) -> None:
    assert (list(FULL), True) == read(b"ISO_IR 100", *encode(codec, *FULL))


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("山田^太郎".encode("euc_jp"), "»³ÅÄ^ÂÀÏº"),
        ("ﾔﾏﾀﾞ^ﾊﾅｺ".encode("cp932"), "ÔÏÀÞ^ÊÅº"),
    ],
)
def test_japanese_that_could_be_latin_1_stays_as_declared_and_is_marked(raw: bytes, shown: str) -> None:
    assert ([shown], True) == read(b"ISO_IR 100", raw)


def test_what_may_be_kana_or_kanji_is_not_guessed() -> None:
    texts, suspect = read(b"", "山田^太郎".encode("euc_jp"))
    assert suspect
    assert "\ufffd" in texts[0]


@pytest.mark.parametrize("declared", UNDECLARED)
@pytest.mark.parametrize("name", ["ﾔﾏﾀﾞ^ﾊﾅｺ", "ｽｽﾞｷ^ｼﾞﾛｳ", "ﾜﾀﾅﾍﾞ^ﾕｳｺ"])
def test_half_width_kana_without_their_declaration(declared: bytes, name: str) -> None:
    assert ([name], True) == read(declared, name.encode("cp932"))


@pytest.mark.parametrize("declared", [b"ISO_IR 100", b"", b"ISO_IR 192"])
def test_undeclared_escape_sequences_are_read_and_marked(declared: bytes) -> None:
    assert (["Yamada=山田"], True) == read(declared, "Yamada=山田".encode("iso2022_jp"))


def test_texts_of_one_data_set_may_be_of_two_sets() -> None:
    texts = read(b"\\ISO 2022 IR 87", "山田".encode("iso2022_jp"), "頭部ソ表示".encode("cp932"), b"CHEST")
    assert (["山田", "頭部ソ表示", "CHEST"], True) == texts


@pytest.mark.parametrize(
    ("declared", "raw", "text"),
    [
        (b"", b"Yamada^Taro", "Yamada^Taro"),
        (b"\\ISO 2022 IR 87", "山田".encode("iso2022_jp"), "山田"),
        (b"\\ISO 2022 IR 13\\ISO 2022 IR 87", b"\x1b)I\xd4\xcf\x1b$B;3\x1b(B", "ﾔﾏ山"),
        (b"ISO_IR 13", "ﾔﾏﾀﾞ".encode("cp932"), "ﾔﾏﾀﾞ"),
        (b"ISO_IR 13", "表^ソ".encode("cp932"), "表^ソ"),
        (b"ISO_IR 192", "髙﨑^𠮷\r\n".encode(), "髙﨑^𠮷\r\n"),
        (b"ISO_IR 100", "Pérez^Müller Rüdiger".encode("latin_1"), "Pérez^Müller Rüdiger"),
        (b"ISO_IR 101", "Wałęsa^Łucja".encode("iso8859_2"), "Wałęsa^Łucja"),
        (b"ISO_IR 144", "Люкceмбypг".encode("iso8859_5"), "Люкceмбypг"),
        (b"ISO_IR 126", "Διονυσιος".encode("iso8859_7"), "Διονυσιος"),
        (b"ISO_IR 166", "สมชาย^ใจดี".encode("iso8859_11"), "สมชาย^ใจดี"),
        (b"GB18030", "王^小东".encode("gb18030"), "王^小东"),
        (b"\\ISO 2022 IR 149", b"\x1b$)C\xb1\xe8", "김"),
    ],
)
def test_what_is_declared_and_possible_stays_unmarked(declared: bytes, raw: bytes, text: str) -> None:
    assert ([text], False) == read(declared, raw)


@pytest.mark.parametrize("raw", ["Pérez^Jérôme".encode("latin_1"), "Pérez^Jérôme".encode()])
def test_accents_without_a_declaration_do_not_become_japanese(raw: bytes) -> None:
    assert (["Pérez^Jérôme"], True) == read(b"", raw)


@pytest.mark.parametrize("codec", CODECS)
def test_a_text_that_its_limit_has_cut_within_a_character(codec: str) -> None:
    raw = (b"a" if codec != "utf_8" else b"") + ("頭部単純撮影" * 8).encode(codec)
    texts, suspect = read(b"ISO_IR 192" if codec == "utf_8" else b"", raw[:64], "頭部単純の撮影".encode(codec))
    assert suspect
    assert "頭部単純の撮影" == texts[1]
    assert raw.decode(codec).startswith(texts[0])
    assert len(texts[0]) > 20


def test_escape_sequences_without_their_first_byte_are_marked() -> None:
    assert (["$B;3ED(B"], True) == read(b"", b"$B;3ED(B")
    assert (["$100"], False) == read(b"", b"$100")


def test_what_the_operator_knows_wins() -> None:
    raw = "山田^太郎".encode("euc_jp")
    assert (["山田^太郎"], False) == read(b"ISO_IR 100", "山田^太郎".encode("cp932"), override="ISO_IR 13")
    assert read(b"", raw, override="ISO_IR 13") == (["ｻｳﾅﾄ^ﾂﾀﾏｺ"], False)
    assert read(b"", raw, override="EUC-JP") == (["山田^太郎"], False)
    assert read(b"ISO_IR 192", "田".encode(), override="ISO_IR 100")[1]


SURNAMES = [
    "佐藤",
    "鈴木",
    "高橋",
    "田中",
    "伊藤",
    "渡邊",
    "山本",
    "中村",
    "小林",
    "加藤",
    "吉田",
    "澤田",
    "齋藤",
    "廣瀬",
    "表",
    "能登",
    "十河",
    "曽根",
    "五十嵐",
    "一",
]
GIVEN = ["太郎", "花子", "健", "美咲", "蓮", "さくら", "ソノ", "良子"]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("declared", [b"", b"ISO_IR 100"])
def test_a_name_is_mended_or_left_but_never_made_another_japanese_one(declared: bytes, codec: str) -> None:
    mended = 0
    for surname, given_name in product(SURNAMES, GIVEN):
        name = f"{surname}^{given_name}"
        (shown,), suspect = read(declared, name.encode(codec))
        assert suspect
        if shown == name:
            mended += 1
        else:
            assert not any(
                "\u3041" <= character <= "\u9fff" or "\uff66" <= character <= "\uff9f" for character in shown
            )
    assert codec == "euc_jp" or mended == len(SURNAMES) * len(GIVEN)


@given(
    declared=st.one_of(st.binary(max_size=20), st.sampled_from([*UNDECLARED, b"ISO_IR 192", b"ISO_IR 100"])),
    values=st.lists(st.binary(max_size=70), max_size=4),
    override=st.sampled_from(["", "ISO_IR 13", "nonsense", "山"]),
)
def test_no_bytes_raise_and_none_are_lost_silently(declared: bytes, values: list[bytes], override: str) -> None:
    texts, suspect = read(declared, *values, override=override)
    assert len(values) == len(texts)
    if any("\ufffd" in text for text in texts):
        assert suspect
