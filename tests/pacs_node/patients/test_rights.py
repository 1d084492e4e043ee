"""Proves at whose sites a decision about patients takes the right, also when something changes while it is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from access_control.model import Role
from pacs_node.patients import wire
from pacs_node.patients.errors import LaterDecision, MergeRefused
from pacs_node.patients.rereading import TextReader
from pacs_node.patients.service import PatientService
from pacs_node.peers.model import IntakeRules
from shared_kernel.audit.tables import AuditRow
from shared_kernel.errors import NotFound
from tests.pacs_node.conftest import Hub
from tests.pacs_node.patients.conftest import DOCTOR, OFFICE, open_questions, person
from tests.pacs_node.patients.test_rereading import OPERATOR
from tests.pacs_node.patients.test_service import BECAUSE, correction, priors

Send = Callable[..., str]
Meanwhile = Callable[[Callable[[], object]], None]
SATO = {"PatientName": "Sato^Jiro=佐藤^次郎", "PatientBirthDate": "19800505"}
OTHER_DOCTOR = person(Role.REFERRING_DOCTOR, "OTHER")


@pytest.fixture
def meanwhile(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Does something once, as soon as the next right has been asked for."""

    def arrange(deed: Callable[[], object]) -> None:
        require = hub.gate.require

        def then(*asked: Any, **how: Any) -> Any:
            decision = require(*asked, **how)
            monkeypatch.setattr(hub.gate, "require", require)
            deed()
            return decision

        monkeypatch.setattr(hub.gate, "require", then)

    return arrange


def numbers(service: PatientService) -> dict[str, int]:
    known = service.patients(OFFICE, wire.PatientQuery(q="やまだ")).patients
    return {each.demographics.patient_id: each.patient for each in known}


def test_a_merge_takes_the_right_at_both_sites(send: Send, service: PatientService) -> None:
    send(), send(site="OTHER")
    here, there = (each.patient for each in service.patients(OFFICE, wire.PatientQuery(q="P-1")).patients)
    with pytest.raises(NotFound):
        service.merge(DOCTOR, here, wire.Merge(into=there, reason="x"))
    service.merge(OFFICE, here, wire.Merge(into=there, reason="x"))
    with pytest.raises(NotFound):
        service.unmerge(DOCTOR, here, BECAUSE)


def test_a_merge_takes_the_right_at_the_site_of_the_person_too(hub: Hub, send: Send, service: PatientService) -> None:
    theirs, ours, mine = send(site="OTHER", PatientID="B-1"), send(PatientID="A-2"), send(PatientID="A-1")
    known = service.patients(OFFICE, wire.PatientQuery(q="やまだ")).patients
    number = {each.demographics.patient_id: each.patient for each in known}
    service.merge(OFFICE, number["A-2"], wire.Merge(into=number["B-1"], reason="保険証で確認"))
    with pytest.raises(NotFound):
        service.merge(DOCTOR, number["A-1"], wire.Merge(into=number["A-2"], reason="同じ人"))
    assert not {theirs, ours} & set(priors(hub, mine))
    service.merge(OFFICE, number["A-1"], wire.Merge(into=number["A-2"], reason="同じ人"))
    service.unmerge(OFFICE, number["A-1"], BECAUSE)


def test_a_merge_takes_the_right_at_the_sites_of_those_below_too(hub: Hub, send: Send, service: PatientService) -> None:
    theirs, ours, mine = send(site="OTHER", PatientID="B-1"), send(PatientID="A-2"), send(PatientID="A-1")
    number = numbers(service)
    service.merge(OFFICE, number["B-1"], wire.Merge(into=number["A-2"], reason="保険証で確認"))
    for patient, into in (("A-2", "A-1"), ("A-1", "A-2")):
        with pytest.raises(NotFound):
            service.merge(DOCTOR, number[patient], wire.Merge(into=number[into], reason="同じ人"))
    assert [] == priors(hub, mine)
    with hub.database.read() as session:
        denied = session.scalars(select(AuditRow.resource).filter_by(outcome="denied", actor=DOCTOR.login)).all()
    assert [f"patient/{number['B-1']}"] * 2 == denied
    service.merge(OFFICE, number["A-2"], wire.Merge(into=number["A-1"], reason="同じ人"))
    assert {theirs, ours} == set(priors(hub, mine))
    with pytest.raises(NotFound):
        service.unmerge(DOCTOR, number["A-2"], BECAUSE)
    service.unmerge(OFFICE, number["A-2"], BECAUSE)
    assert [] == priors(hub, mine)


def test_who_comes_to_hang_below_meanwhile_is_asked_for(
    send: Send, service: PatientService, meanwhile: Meanwhile
) -> None:
    send(site="OTHER", PatientID="B-1"), send(PatientID="A-2"), send(PatientID="A-1")
    number = numbers(service)
    meanwhile(lambda: service.merge(OFFICE, number["B-1"], wire.Merge(into=number["A-2"], reason="保険証で確認")))
    with pytest.raises(NotFound):
        service.merge(DOCTOR, number["A-1"], wire.Merge(into=number["A-2"], reason="同じ人"))


@pytest.mark.parametrize(("actor", "error"), [(DOCTOR, NotFound), (OFFICE, MergeRefused)])
def test_into_whom_is_merged_meanwhile_is_looked_at_again(
    send: Send, service: PatientService, meanwhile: Meanwhile, actor: Any, error: type[Exception]
) -> None:
    send(site="OTHER", PatientID="B-1"), send(PatientID="A-2"), send(PatientID="A-1")
    number = numbers(service)
    meanwhile(lambda: service.merge(OFFICE, number["A-2"], wire.Merge(into=number["B-1"], reason="保険証で確認")))
    with pytest.raises(error):
        service.merge(actor, number["A-1"], wire.Merge(into=number["A-2"], reason="同じ人"))


@pytest.mark.parametrize(("actor", "error"), [(DOCTOR, NotFound), (OFFICE, LaterDecision)])
def test_who_is_merged_anew_meanwhile_is_looked_at_again(
    send: Send, service: PatientService, meanwhile: Meanwhile, actor: Any, error: type[Exception]
) -> None:
    send(site="OTHER", PatientID="B-1"), send(PatientID="A-2"), send(PatientID="A-1")
    number = numbers(service)
    service.merge(DOCTOR, number["A-1"], wire.Merge(into=number["A-2"], reason="同じ人"))

    def anew() -> None:
        service.unmerge(OFFICE, number["A-1"], BECAUSE)
        service.merge(OFFICE, number["A-1"], wire.Merge(into=number["B-1"], reason="保険証で確認"))

    meanwhile(anew)
    with pytest.raises(error):
        service.unmerge(actor, number["A-1"], BECAUSE)


@pytest.mark.parametrize("how", ["match", "correct", "separate"])
def test_a_study_whose_issuer_changes_meanwhile_takes_the_right_there(
    hub: Hub, send: Send, service: PatientService, meanwhile: Meanwhile, how: str
) -> None:
    """The sender's issuer is trusted from now on and the study read anew: its patient is another site's."""
    send(StudyDate="20260101")
    uid = send(IssuerOfPatientID="KEN-BYOIN", **SATO)
    (question,) = open_questions(service)
    trusting = IntakeRules(issuers=("KEN-BYOIN=OTHER",))
    reader = TextReader(hub.database, hub.files, hub.clock, lambda _session, _login: trusting)
    deeds: dict[str, Callable[[Any], wire.Decision]] = {
        "match": lambda actor: service.match(actor, question.id, wire.Match(holds="found", reason="改姓")),
        "correct": lambda actor: service.correct(actor, uid, correction(patient_id="P-7")),
        "separate": lambda actor: service.separate(actor, uid, BECAUSE),
    }
    meanwhile(lambda: list(reader.read([uid], OPERATOR)))
    with pytest.raises(NotFound):
        deeds[how](DOCTOR)
    decided = service.history_of_study(OFFICE, uid).decisions
    assert ["reread"] == [each.kind for each in decided]
    with pytest.raises(NotFound):
        deeds[how](OTHER_DOCTOR)


def test_a_right_that_was_taken_stands_in_the_trail_once(hub: Hub, send: Send, service: PatientService) -> None:
    uid = send()
    service.separate(DOCTOR, uid, BECAUSE)
    with hub.database.read() as session:
        trail = session.execute(
            select(AuditRow.outcome, AuditRow.resource).filter_by(action="patient.resolve", actor=DOCTOR.login)
        )
        assert [("allowed", f"study/{uid}"), ("done", f"study/{uid}")] == [tuple(row) for row in trail]
