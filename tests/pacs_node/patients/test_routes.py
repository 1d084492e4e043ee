"""Proves that every decision can be made over HTTP, and that what is wrong there is said in the house's words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from access_control.model import Actor
from dokuei.web import app
from pacs_node.patients.routes import operations
from pacs_node.patients.service import PatientService
from tests.pacs_node.patients.conftest import DOCTOR
from tests.pacs_node.patients.test_service import SATO, Send

OWN = {"Origin": "http://testserver"}
"""What a browser sends from our own pages."""


@pytest.fixture
def client(service: PatientService) -> Iterator[TestClient]:
    def authenticate(_request: object) -> Actor:
        return DOCTOR

    made = app.create(
        operations=operations(service), routes=[], authenticate=authenticate, ready=list, max_json_body=100_000
    )
    with TestClient(made, headers=OWN) as opened:
        yield opened


def post(client: TestClient, path: str, body: dict[str, Any], status: int = 200) -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert status == answer.status_code, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_from_the_question_to_taking_it_back(client: TestClient, send: Send) -> None:
    send()
    uid = send(**SATO)
    page = client.get("/api/patient-questions").json()
    (question,) = page["questions"]
    assert (1, 1, uid, ["name", "birth_date"]) == (
        page["total"],
        page["open"],
        question["study"]["study_uid"],
        question["differs"],
    )
    assert ("佐藤^次郎", "1980-05-05") == (question["found"]["name"]["ideographic"], question["found"]["birth_date"])
    match = {"holds": "known", "reason": "改姓"}
    decision = post(client, f"/api/patient-questions/{question['id']}/match", match)
    assert ("match", "改姓") == (decision["kind"], decision["reason"])
    again = post(client, f"/api/patient-questions/{question['id']}/match", match, 409)
    assert "patient_question_resolved" == again["error"]["code"]
    post(client, f"/api/patient-decisions/{decision['number']}/undo", {"reason": "誤り"})
    kinds = [each["kind"] for each in client.get(f"/api/studies/{uid}/patient/history").json()["decisions"]]
    assert ["reopen", "match"] == kinds


def test_correcting_separating_and_merging(client: TestClient, send: Send) -> None:
    uid, other = send(), send(**SATO)
    person = {"patient_id": "P-2", "name": {"ideographic": "佐藤^次郎"}, "birth_date": "1980-05-05", "sex": "M"}
    post(client, f"/api/studies/{other}/patient/correct", {"demographics": person, "reason": "誤入力"})
    post(client, f"/api/studies/{uid}/patient/separate", {"reason": "別人"})
    patients = client.get("/api/patients", params={"q": "さとう"}).json()["patients"]
    assert [] == patients
    (sato,) = client.get("/api/patients", params={"q": "佐藤"}).json()["patients"]
    yamada = client.get("/api/patients", params={"q": "やまだ"}).json()["patients"][-1]
    post(client, f"/api/patients/{sato['patient']}/merge", {"into": yamada["patient"], "reason": "同一"})
    post(client, f"/api/patients/{sato['patient']}/merge", {"into": yamada["patient"], "reason": "同一"}, 409)
    post(client, f"/api/patients/{sato['patient']}/unmerge", {"reason": "別人"})
    history = client.get(f"/api/patients/{sato['patient']}/history").json()["decisions"]
    assert ["unmerge", "merge", "correct"] == [each["kind"] for each in history]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/patient-questions/none/match", {"holds": "known", "reason": "x"}, 404),
        ("/api/patient-questions/none/match", {"holds": "both", "reason": "x"}, 400),
        ("/api/studies/9.9/patient/separate", {"reason": "x"}, 404),
        ("/api/studies/9.9/patient/separate", {"reason": "x" * 2001}, 400),
        ("/api/patients/x/merge", {"into": 1, "reason": "x"}, 404),
        ("/api/patients/99999999999999999999/unmerge", {"reason": "x"}, 404),
        ("/api/patient-decisions/1/undo", {"reason": "x"}, 404),
        ("/api/patient-decisions/1/undo", {}, 400),
    ],
)
def test_what_is_wrong_is_said(client: TestClient, path: str, body: dict[str, Any], status: int) -> None:
    error = post(client, path, body, status)["error"]
    assert error["message"]["ja"]
    assert error["next_step"]["en"]


def test_a_decision_without_a_reason_is_refused(client: TestClient, send: Send) -> None:
    uid = send()
    error = post(client, f"/api/studies/{uid}/patient/separate", {"reason": "  "}, 400)["error"]
    assert "reason_missing" == error["code"]


def test_a_patient_is_told_anew_with_the_name_as_the_hub_compares_it(client: TestClient, send: Send) -> None:
    send(PatientID="P-1", PatientName="Takahashi^Hanako=髙橋^花子=タカハシ^ハナコ")
    send(PatientID="P-2", PatientName="TAKAHASHI^HANAKO=高橋^花子=たかはし^はなこ")
    send(PatientID="P-1", PatientName="Takahashi^Hanae=高橋^花江")
    one, other = client.get("/api/patients", params={"q": "高橋花子"}).json()["patients"]
    assert one["demographics"]["name"] != other["demographics"]["name"]
    assert one["name_keys"] == other["name_keys"]
    post(client, f"/api/patients/{other['patient']}/merge", {"into": one["patient"], "reason": "転居前のID"})
    merged = client.get(f"/api/patients/{other['patient']}").json()
    assert (merged["merged_into"], merged["same_person"]) == (one["patient"], [one["patient"]])
    (question,) = client.get("/api/patient-questions").json()["questions"]
    differing = {group for group, key in question["known_keys"].items() if key != question["found_keys"][group]}
    assert {"alphabetic", "ideographic", "phonetic"} == differing
    assert "" == question["found_keys"]["phonetic"]
    for nobody in ("99999", "x"):
        assert 404 == client.get(f"/api/patients/{nobody}").status_code
