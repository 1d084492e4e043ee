"""Proves that how a request is answered is kept for requests of a sensible length alone."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from dicomweb.http.accept import parse_accept
from dicomweb.wado import frames, rendered
from test_data.small import small_instance
from tests.dicomweb.wado.test_instances import stored_at


@pytest.mark.parametrize(
    ("module", "path", "accept"),
    [(frames, "/frames/1", "application/octet-stream"), (rendered, "/rendered", "image/jpeg")],
)
def test_the_form_of_a_request_without_an_end_is_not_kept(
    sender: TestClient, monkeypatch: pytest.MonkeyPatch, module: Any, path: str, accept: str
) -> None:
    read: list[str] = []

    def counted(header: str) -> Any:
        read.append(header)
        return parse_accept(header)

    monkeypatch.setattr(module, "parse_accept", counted)
    url = f"{stored_at(sender, small_instance())}{path}"

    def times_read(length: int) -> int:
        read.clear()
        for _ in range(3):
            answer = sender.get(url, headers={"Accept": f"{accept}, a/{'x' * length}"})
            assert answer.status_code == 200
        return len(read)

    assert times_read(50) == 1
    assert times_read(5000) >= 3
