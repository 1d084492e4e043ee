"""Proves that whoever remembers what rests on identities learns of every decision, also of another process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from access_control.gate import AccessGate
from pacs_node.patients import wire
from pacs_node.patients.revision import LeanIdentityRevision, identity_revision
from pacs_node.patients.service import PatientService
from shared_kernel.database import Database
from tests.pacs_node.conftest import Hub
from tests.pacs_node.patients.conftest import DOCTOR, open_questions
from tests.pacs_node.patients.test_rereading import OPERATOR, euc, reader
from tests.pacs_node.patients.test_rereading import send as send_image

BECAUSE = wire.Because(reason="カルテで確認")
SATO = {"PatientName": "Sato^Jiro=佐藤^次郎", "PatientBirthDate": "19800505"}


def revision(hub: Hub) -> int:
    with hub.database.read() as session:
        said = identity_revision(session)
    lean = LeanIdentityRevision(hub.database.engine.dialect)
    with hub.database.write_lean() as cursor:
        assert said == lean.read(cursor)
    return said


def test_every_decision_and_each_taken_back_counts(hub: Hub, send: Callable[..., str], service: PatientService) -> None:
    first, second = send(), send(**SATO)
    before = revision(hub)
    (question,) = open_questions(service)
    matched = service.match(DOCTOR, question.id, wire.Match(holds="known", reason="同じ人"))
    deeds: list[Callable[[], Any]] = [
        lambda: service.reopen(DOCTOR, matched.number, BECAUSE),
        lambda: service.separate(DOCTOR, second, BECAUSE),
        lambda: service.merge(DOCTOR, *_merge(service)),
        lambda: service.unmerge(DOCTOR, _merge(service)[0], BECAUSE),
    ]
    assert before + 1 == revision(hub)
    for count, deed in enumerate(deeds, 2):
        deed()
        assert before + count == revision(hub)
    send(first)
    send()
    assert before + 5 == revision(hub)


def test_texts_read_anew_count_where_they_change_something(hub: Hub) -> None:
    uid = send_image(hub, euc())
    before = revision(hub)
    list(reader(hub).read([uid], OPERATOR))
    after = revision(hub)
    list(reader(hub).read([uid], OPERATOR))
    assert (after, revision(hub)) == (before + 1, after)


def test_a_decision_of_another_process_is_seen(hub: Hub, send: Callable[..., str]) -> None:
    study = send()
    before = revision(hub)
    database = Database(hub.database.engine.url)
    gate = AccessGate(database, hub.clock)
    another = PatientService(database, hub.clock, gate, site_name=lambda _session, code: code)
    another.separate(DOCTOR, study, BECAUSE)
    database.close()
    assert before + 1 == revision(hub)


def _merge(service: PatientService) -> tuple[int, wire.Merge]:
    into, patient = sorted(each.patient for each in service.patients(DOCTOR, wire.PatientQuery(q="P-1")).patients)
    return patient, wire.Merge(into=into, reason="同じ人")
