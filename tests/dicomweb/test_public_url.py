"""Proves that answers name the address that the operator has set, whatever a client's Host says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from shared_kernel.settings import SettingError, Settings, load
from test_data.small import small_instance
from tests.dicomweb.support import assemble, parts_of, store

PUBLIC = "https://hub.example.jp/images"


def test_every_answer_names_it(database: Database, settings: Settings, clock: SetClock) -> None:
    hub, ingest = assemble(database, replace(settings, public_url=PUBLIC), clock)
    with ingest:
        sender: TestClient = hub.client("sender")
        stored = store(sender, small_instance()).json()
        url = stored["00081199"]["Value"][0]["00081190"]["Value"][0]
        assert url.startswith(f"{PUBLIC}/dicomweb/studies/")
        path = url.removeprefix(PUBLIC)
        (found,) = sender.get("/dicomweb/instances", headers={"Host": "evil.example"}).json()
        assert found["00081190"]["Value"] == [url]
        ((headers, _),) = parts_of(sender.get(f"{path}/frames/1", headers={"Host": "evil.example"}))
        assert headers["content-location"] == f"{url}/frames/1"
        (metadata,) = sender.get(f"{path}/metadata").json()
        assert metadata["7FE00010"]["BulkDataURI"].startswith(url)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://hub.example.jp/", "https://hub.example.jp"),
        ("http://10.0.0.1:8080/a/", "http://10.0.0.1:8080/a"),
        ("", ""),
    ],
)
def test_it_is_read(written: str, read: str) -> None:
    assert load({"data": "/d", "public_url": written}, {}).public_url == read


@pytest.mark.parametrize(
    "written",
    [
        "hub.example.jp",
        "ftp://hub",
        "https://",
        "https://a@b",
        "https://a?b",
        "https://a#b",
        "https://a b",
        "https://a:x",
    ],
)
def test_what_is_no_address_stops_the_start(written: str) -> None:
    with pytest.raises(SettingError, match="public_url"):
        load({"data": "/d", "public_url": written}, {})
