"""Proves that JSON is compressed for who reads it, and nothing else is."""

from __future__ import annotations

import gzip

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from dicomweb.http.compression import compressed
from test_data.small import small_ct_series
from tests.dicomweb.support import store

LONG = b'{"a": "' + b"x" * 5000 + b'"}'


def answer(accepts: str, body: bytes = LONG, media_type: str = "application/dicom+json") -> Response:
    request = Request({"type": "http", "method": "GET", "headers": [(b"accept-encoding", accepts.encode())]})
    return compressed(request, Response(body, media_type=media_type, headers={"ETag": '"1"'}))


@pytest.mark.parametrize("accepts", ["gzip", "deflate, gzip;q=0.5", "*", "GZIP", "br, *;q=0.1"])
def test_who_reads_gzip_gets_it(accepts: str) -> None:
    given = answer(accepts)
    assert given.headers["content-encoding"] == "gzip"
    assert gzip.decompress(bytes(given.body)) == LONG
    assert given.headers["content-length"] == str(len(given.body))
    assert given.headers["etag"] == 'W/"1"'
    assert "Accept-Encoding" in given.headers["vary"]


@pytest.mark.parametrize("accepts", ["", "identity", "gzip;q=0", "gzip;q=0.000, *", "br", "x-gzip-not"])
def test_who_does_not_gets_it_plain(accepts: str) -> None:
    given = answer(accepts)
    assert (given.body, given.headers.get("content-encoding")) == (LONG, None)


def test_pixels_and_small_answers_stay() -> None:
    assert answer("gzip", media_type="application/octet-stream").body == LONG
    assert answer("gzip", body=b"[]").body == b"[]"


def test_a_search_comes_compressed(sender: TestClient) -> None:
    store(sender, *small_ct_series(slices=8))
    plain = sender.get("/dicomweb/instances", headers={"Accept-Encoding": "identity"})
    packed = sender.get("/dicomweb/instances", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json() == plain.json()
