"""Proves that answers from memory are those of today's index, asked for and audited like all others."""

from __future__ import annotations

import pytest
from anyio import CapacityLimiter
from sqlalchemy import select, text
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from access_control.gate import AccessGate
from access_control.model import Action
from access_control.web.authentication import note_moment
from dicomweb.access import Door
from dicomweb.known import KnownRecords
from dicomweb.pixels.made_once import MadeOnce
from dicomweb.pixels.picture import Pictures
from dicomweb.pixels.transcoded import TranscodedFrames
from dicomweb.wado.frames import FramesHandler
from shared_kernel.audit.tables import AuditRow
from shared_kernel.clock import SetClock
from test_data.small import small_instance
from tests.dicomweb.support import PEOPLE, Hub, store
from tests.dicomweb.wado.test_instances import stored_at

pytestmark = pytest.mark.only_sqlite("the moment of a file")
FRAMES = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'


class Asking:
    """Frames asked for as the event loop asks, and the long way."""

    def __init__(self, hub: Hub, clock: SetClock, url: str) -> None:
        self._hub = hub
        self._path = url.removeprefix("http://testserver")
        self.gate = AccessGate(hub.database, clock)
        self.handler = FramesHandler(
            Door(hub.catalogue, self.gate), Pictures(), TranscodedFrames(MadeOnce(1000)), CapacityLimiter(1)
        )

    def at_once(self, login: str = "reader") -> Response | None:
        return self.handler.at_once(self._request(), PEOPLE[login])

    def the_long_way(self, login: str = "reader") -> Response:
        return self.handler(self._request(), PEOPLE[login])

    def _request(self) -> Request:
        _, _, _, study, _, series, _, instance = self._path.split("/")
        scope = {
            "type": "http",
            "method": "GET",
            "path": f"{self._path}/frames/1",
            "query_string": b"",
            "scheme": "http",
            "headers": [(b"host", b"testserver"), (b"accept", FRAMES.encode())],
            "path_params": {"study": study, "series": series, "instance": instance, "frames": "1"},
        }
        request = Request(scope)
        note_moment(request, self._hub.database.watch)
        return request


@pytest.fixture
def asking(hub: Hub, sender: TestClient, clock: SetClock) -> Asking:
    return Asking(hub, clock, stored_at(sender, small_instance()))


def test_what_was_given_once_is_given_at_once(asking: Asking) -> None:
    assert asking.at_once() is None
    long = asking.the_long_way()
    at_once = asking.at_once()
    assert at_once is not None
    boundary = at_once.headers["content-type"].partition("boundary=")[2].encode()
    before = long.headers["content-type"].partition("boundary=")[2].encode()
    assert bytes(at_once.body).replace(boundary, before) == bytes(long.body)
    assert at_once.headers["etag"] == long.headers["etag"]


def test_nothing_is_given_at_once_to_whom_the_gate_has_not_met(asking: Asking) -> None:
    asking.the_long_way("reader")
    assert asking.at_once("sender") is None
    assert asking.at_once("stranger") is None
    assert asking.at_once("secretary") is None


def test_every_viewer_stands_in_the_trail_once(asking: Asking, hub: Hub) -> None:
    for _ in range(3):
        asking.the_long_way("reader")
        assert asking.at_once("reader") is not None
    with hub.database.read() as session:
        rows = session.scalars(select(AuditRow).filter_by(actor="reader", action=Action.STUDY_VIEW.value)).all()
    assert [row.outcome for row in rows] == ["allowed"]


def test_commits_that_do_not_touch_it_leave_it_known(asking: Asking, hub: Hub, sender: TestClient) -> None:
    asking.the_long_way()
    before = hub.database.watch.moment()
    store(sender, small_instance(SOPInstanceUID="1.2.3.4"))
    assert hub.database.watch.moment() != before
    assert asking.at_once() is not None


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE study SET site_code = 'elsewhere'",
        "UPDATE instance SET file = file || 'x'",
        "UPDATE study SET study_uid = '1.2.3'",
        "UPDATE series SET series_uid = '1.2.3'",
    ],
)
def test_a_change_of_its_rows_is_seen_at_once(asking: Asking, hub: Hub, change: str) -> None:
    asking.the_long_way()
    assert asking.at_once() is not None
    with hub.database.write() as session:
        session.execute(text(change))
    assert asking.at_once() is None


def test_several_are_forgotten_by_any_commit(hub: Hub, sender: TestClient) -> None:
    url = stored_at(sender, small_instance())
    study = url.split("/")[5]
    known = KnownRecords(hub.catalogue)
    moment = hub.database.watch.moment()
    records = hub.catalogue.instances(study)
    known.keep((study, None, None), records, moment)
    assert known.find((study, None, None), moment) == records
    store(sender, small_instance(SOPInstanceUID="1.2.3.4"))
    assert known.find((study, None, None), hub.database.watch.moment()) is None
    assert known.find((study, None, None), None) is None
