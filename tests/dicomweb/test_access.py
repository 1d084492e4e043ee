"""Proves that every route asks who it is and whose study it is, and that a foreign study looks like none at all."""

from __future__ import annotations

import pytest
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO
from sqlalchemy import select

from shared_kernel.audit.tables import AuditRow
from test_data.small import small_ct_series
from tests.dicomweb.support import Hub, store

BELOW_A_STUDY = [
    "",
    "/metadata",
    "/rendered",
    "/thumbnail",
    "/series",
    "/instances",
    "/series/{series}",
    "/series/{series}/metadata",
    "/series/{series}/rendered",
    "/series/{series}/thumbnail",
    "/series/{series}/instances",
    "/series/{series}/instances/{instance}",
    "/series/{series}/instances/{instance}/metadata",
    "/series/{series}/instances/{instance}/rendered",
    "/series/{series}/instances/{instance}/thumbnail",
    "/series/{series}/instances/{instance}/frames/1",
    "/series/{series}/instances/{instance}/frames/1/rendered",
    "/series/{series}/instances/{instance}/frames/1/thumbnail",
    "/series/{series}/instances/{instance}/bulkdata/7FE00010",
]
SEARCHES = ["/dicomweb/studies", "/dicomweb/series", "/dicomweb/instances"]


@pytest.fixture
def study(hub: Hub) -> dict[str, str]:
    """The UIDs of a study of the clinic."""
    files = small_ct_series()
    assert store(hub.client("sender"), *files).status_code == 200
    ds = dcmread(DicomBytesIO(files[0]), stop_before_pixels=True)
    return {"study": ds.StudyInstanceUID, "series": ds.SeriesInstanceUID, "instance": ds.SOPInstanceUID}


def test_the_list_of_routes_is_the_list_of_routes(hub: Hub) -> None:
    rooms = {getattr(route, "path", "") for route in hub.app.routes}
    studies = "/dicomweb/studies/{study}"
    known = {f"{studies}{path}".replace("frames/1", "frames/{frames}") for path in BELOW_A_STUDY}
    known = {path.replace("7FE00010", "{path:path}") for path in known}
    by_query = {"/dicomweb/wado"}  # asked by strangers in wado/test_uri.py
    assert rooms == known | set(SEARCHES) | by_query


@pytest.mark.parametrize("path", BELOW_A_STUDY)
def test_a_foreign_study_looks_like_one_that_is_not_there(hub: Hub, study: dict[str, str], path: str) -> None:
    url = f"/dicomweb/studies/{study['study']}{path.format(**study)}"
    nowhere = f"/dicomweb/studies/1.2.3.4{path.format(**study)}"
    assert hub.client("reader").get(url).status_code == 200
    stranger = hub.client("stranger")
    foreign, unknown = stranger.get(url), stranger.get(nowhere)
    assert (foreign.status_code, foreign.content) == (404, unknown.content)
    assert hub.client("reader").get(nowhere).status_code == 404
    assert hub.client("nobody").get(url).status_code == 401
    assert hub.client("secretary").get(url).status_code == 403


@pytest.mark.parametrize("path", SEARCHES)
def test_a_search_finds_nothing_of_another_site_and_counts_nothing(hub: Hub, study: dict[str, str], path: str) -> None:
    ours = hub.client("reader").get(path, params={"StudyInstanceUID": study["study"]})
    assert ours.headers["x-total-count"] != "0"
    theirs = hub.client("stranger").get(path, params={"StudyInstanceUID": study["study"]})
    assert (theirs.status_code, theirs.json(), theirs.headers["x-total-count"]) == (200, [], "0")
    assert hub.client("nobody").get(path).status_code == 401
    assert hub.client("secretary").get(path).status_code == 403


@pytest.mark.parametrize("path", ["/dicomweb/studies", "/dicomweb/studies/1.2.3"])
def test_who_may_not_store_is_told_before_the_body_is_read(hub: Hub, path: str) -> None:
    assert hub.client("nobody").post(path, content=b"x").status_code == 401
    assert hub.client("secretary").post(path, content=b"x").status_code == 403


def test_frames_are_audited_once_a_session_and_refusals_each_time(hub: Hub, study: dict[str, str]) -> None:
    url = "/dicomweb/studies/{study}/series/{series}/instances/{instance}/frames/1".format(**study)
    for _ in range(3):
        hub.client("reader").get(url)
        hub.client("stranger").get(url)
    with hub.database.read() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.study_uid == study["study"]))
        told = [(row.actor, row.outcome) for row in rows if row.action == "study.view"]
    assert told.count(("reader", "allowed")) == 1
    assert told.count(("stranger", "denied")) == 3


@pytest.mark.parametrize("uid", ["%2e%2e", "1.2/../..", "1" * 65, "1.2'; DROP TABLE study", "%00"])
def test_an_odd_uid_is_not_found(hub: Hub, uid: str) -> None:
    answer = hub.client("reader").get(f"/dicomweb/studies/{uid}/metadata")
    assert answer.status_code == 404
