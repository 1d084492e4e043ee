"""Proves the wire: declared types decode what a browser sends, and the JSON has the agreed shape."""

from __future__ import annotations

import json
from collections.abc import Callable

import msgspec
import pytest
from starlette.requests import Request

from access_control.web.operation import Call, Operation
from tests.worklist.fakes import DOCTOR, READER
from worklist import wire
from worklist.routes import operations
from worklist.service import CaseService


def operation(service: CaseService, method: str, path: str) -> Operation:
    (found,) = [one for one in operations(service) if (one.method, one.path) == (method, path)]
    return found


def call(
    one: Operation, actor: object, case_id: str = "", *, query: dict[str, object] | None = None, body: object = None
):
    answer = one.handler(
        Call(
            actor=actor,
            request=Request({"type": "http"}),
            path={"case_id": case_id},
            query=msgspec.convert(query or {}, one.query, strict=False) if one.query else None,
            body=msgspec.json.decode(json.dumps(body), type=one.body) if one.body else None,
        )
    )
    assert isinstance(answer, one.response)
    return json.loads(msgspec.json.encode(answer))


def test_a_case_on_the_wire(service: CaseService, arrive: Callable[..., str]) -> None:
    case_id = arrive()

    page = call(operation(service, "GET", "/api/cases"), DOCTOR, query={"state": ["unread"], "limit": "5"})

    assert {
        "id": case_id,
        "state": "unread",
        "study_uid": "1.2.3",
        "site": {"code": "MINATO", "name": "みなと診療所"},
        "patient": {
            "id": "M0001024",
            "name": {"alphabetic": "Yamada Taro", "ideographic": "山田 太郎", "phonetic": "ヤマダ タロウ"},
            "birth_date": "1958-05-12",
            "sex": "M",
        },
        "modalities": ["CT"],
        "body_part": "CHEST",
        "study_description": "胸部単純CT",
        "study_date": "2026-03-28",
        "study_time": "09:58:07",
        "accession_number": "A-100",
        "referring_physician": "湊 一朗",
        "series_count": 2,
        "instance_count": 40,
        "expected_count": None,
        "images_after_report": 0,
        "images_replaced": 0,
        "identity_conflict": False,
        "text_suspect": False,
        "prior_count": 0,
        "reason": "",
        "clinical_history": "",
        "request_version": 0,
        "reader": None,
        "arrived_at": "2026-03-28T01:00:00Z",
        "due_date": "2026-03-30",
        "read_at": None,
        "report": None,
    } == page["cases"][0]
    assert (page["total"], page["counts"]) == (1, {"receiving": 0, "unread": 1, "reading": 0, "read": 0})


def test_the_life_of_a_case_over_the_routes(service: CaseService, arrive: Callable[..., str]) -> None:
    case_id = arrive()

    asked = {"reason": "咳嗽", "clinical_history": "喫煙歴", "version": 0}
    changed = call(operation(service, "PUT", "/api/cases/{case_id}/request"), DOCTOR, case_id, body=asked)
    claimed = call(operation(service, "POST", "/api/cases/{case_id}/claim"), READER, case_id)
    detail = call(operation(service, "GET", "/api/cases/{case_id}"), READER, case_id)
    released = call(operation(service, "POST", "/api/cases/{case_id}/release"), READER, case_id)

    assert (changed["reason"], changed["request_version"]) == ("咳嗽", 1)
    assert (claimed["state"], claimed["reader"]["login"]) == ("reading", "chuo-reader")
    assert detail["permissions"] == {"request": False, "claim": False, "release": True, "write_report": True}
    assert (detail["viewable"], detail["priors"]) == (True, [])
    assert (released["state"], released["reader"]) == ("unread", None)


@pytest.mark.parametrize(
    "query",
    [
        {"state": ["lost"]},
        {"limit": "0"},
        {"limit": "201"},
        {"offset": "-1"},
        {"offset": "1" + "0" * 30},
        {"q": "x" * 201},
        {"limit": "x"},
    ],
)
def test_a_malformed_query_is_no_query(query: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(query, wire.CaseQuery, strict=False)


def test_every_operation_documents_its_types(service: CaseService) -> None:
    types = [kind for one in operations(service) for kind in (one.query, one.body, one.response) if kind]
    schemas, _ = msgspec.json.schema_components(types)

    assert len(types) == len(schemas)
    assert all(one.summary and one.errors for one in operations(service))
