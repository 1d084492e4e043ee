"""Proves that Accept headers are read as RFC 9110 means them, however clients spell them, and never crash."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dicomweb.http.accept import MediaRange, choose, parse_accept, parse_media_type

DICOM = "application/dicom"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", MediaRange("*/*", False, None, 1.0)),
        ("image/jpeg", MediaRange("image/jpeg", False, None, 1.0)),
        ("IMAGE/JPEG;Q=0.5", MediaRange("image/jpeg", False, None, 0.5)),
        ('multipart/related; type="application/dicom"', MediaRange(DICOM, True, None, 1.0)),
        ("multipart/related; type=application/dicom; transfer-syntax=*", MediaRange(DICOM, True, "*", 1.0)),
        ('multipart/related;type="application/dicom";transfer-syntax="1.2";q=0.1', MediaRange(DICOM, True, "1.2", 0.1)),
        ("multipart/related", MediaRange("*/*", True, None, 1.0)),
        ('multipart/related; type="*/*"', MediaRange("*/*", True, None, 1.0)),
        ("application/octet-stream;transfer-syntax=*", MediaRange("application/octet-stream", False, "*", 1.0)),
    ],
)
def test_one_range(header: str, expected: MediaRange) -> None:
    assert (expected,) == parse_accept(header)


def test_commas_inside_quotes_do_not_part_ranges() -> None:
    assert [found.media_type for found in parse_accept('text/plain; x="a,b", image/png')] == ["text/plain", "image/png"]


def test_what_can_not_be_read_is_passed_over() -> None:
    assert parse_accept("nonsense, image/png;q=7, image/gif;q=x, image/jpeg") == parse_accept("image/jpeg")


def test_the_better_wins_by_q_then_by_exactness_then_by_order() -> None:
    def media_type(accept: MediaRange) -> str | None:
        return next((kind for kind in ("image/jpeg", "image/png") if accept.matches(kind)), None)

    assert choose(parse_accept("image/jpeg;q=0.1, image/png"), media_type) == "image/png"
    assert choose(parse_accept("*/*, image/png"), media_type) == "image/png"
    assert choose(parse_accept("image/png, image/jpeg"), media_type) == "image/png"
    assert choose(parse_accept("image/*;q=0"), media_type) is None
    assert choose(parse_accept("text/html"), media_type) is None


@given(st.text(max_size=200))
@example("a/b;" + ";" * 50)
@example('a/b; c="')
@example("a/b;" * 1000)
def test_no_header_breaks_the_reader(header: str) -> None:
    for found in parse_accept(header):
        assert 0 <= found.q <= 1
        assert "/" in found.media_type
        assert found.media_type == found.media_type.lower()


_TOKEN = st.text("abcdefghijklmnopqrstuvwxyz0123456789-+.", min_size=1, max_size=12)
_VALUE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)


@given(_TOKEN, _TOKEN, st.dictionaries(_TOKEN, _VALUE, max_size=4))
def test_what_is_written_is_what_is_read(kind: str, subtype: str, parameters: dict[str, str]) -> None:
    def quoted(value: str) -> str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

    text = f"{kind}/{subtype}" + "".join(f"; {name}={quoted(value)}" for name, value in parameters.items())
    assert parse_media_type(text) == (f"{kind}/{subtype}", parameters)
