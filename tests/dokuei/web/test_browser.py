"""The browser application's files: by name, never outside of the build, one page for every other address."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from access_control.web.errors import error_response
from dokuei.web.browser import BrowserApplication
from shared_kernel.errors import NotFound


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    build = tmp_path / "dist"
    (build / "assets").mkdir(parents=True)
    (build / "index.html").write_text("<!doctype html>読影")
    (build / "assets" / "main-abc.js").write_text("let x = 1;" * 100)
    (tmp_path / "secret.txt").write_text("secret")
    return TestClient(
        Starlette(
            routes=[Route("/{path:path}", BrowserApplication(build).__call__)],
            exception_handlers={NotFound: error_response},  # type: ignore[dict-item]
        )
    )


@pytest.mark.parametrize("path", ["/", "/cases", "/cases/0123", "/reports/1"])
def test_the_application_answers_its_own_addresses(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.text == "<!doctype html>読影"
    assert answer.headers["cache-control"] == "no-cache"


def test_a_file_is_kept_by_browsers_and_compressed(client: TestClient) -> None:
    answer = client.get("/assets/main-abc.js", headers={"Accept-Encoding": "gzip"})
    assert answer.text == "let x = 1;" * 100
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]


def test_a_missing_file_is_missing(client: TestClient) -> None:
    assert client.get("/assets/old-def.js").status_code == 404


@pytest.mark.parametrize("path", ["/%00", "/" + "x" * 5000, "/cases/%00", "/x%3Fassets/"])
def test_what_can_be_no_file_is_the_applications_own_address(client: TestClient, path: str) -> None:
    assert client.get(path).text == "<!doctype html>読影"


@pytest.mark.parametrize("path", ["/assets/%00", "/assets/" + "x" * 5000])
def test_what_can_be_no_file_is_no_asset_either(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/../secret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt", "//etc/passwd"])
def test_nothing_outside_of_the_build_is_served(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert "secret" not in answer.text
    assert "root:" not in answer.text


def test_without_a_build_it_says_so(tmp_path: Path) -> None:
    client = TestClient(Starlette(routes=[Route("/{path:path}", BrowserApplication(tmp_path).__call__)]))
    answer = client.get("/")
    assert answer.status_code == 503
    assert "make install" in answer.text
