"""Proves that no study silently joins another person, and that what a human decides is done, kept and taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from access_control.model import Role
from pacs_node.model import StudySummary
from pacs_node.patients import wire
from pacs_node.patients.errors import (
    AlreadyResolved,
    LaterDecision,
    MergeRefused,
    NothingToSeparate,
    NotMergedPatient,
    ReasonMissing,
    StillContradicts,
)
from pacs_node.patients.model import QuestionState, Trait
from pacs_node.patients.service import PatientService
from shared_kernel.audit.trail import of_study
from shared_kernel.errors import Forbidden, InvalidInput, NotFound
from shared_kernel.events.tables import OutboxRow
from tests.pacs_node.conftest import Hub
from tests.pacs_node.patients.conftest import DOCTOR, OFFICE, open_questions, person
from tests.support.objects import ct

Send = Callable[..., str]
SATO: dict[str, Any] = {"PatientName": "Sato^Jiro=佐藤^次郎", "PatientBirthDate": "19800505"}
EARLIER = {"StudyDate": "20260101"}
BECAUSE = wire.Because(reason="カルテで確認")


def study(hub: Hub, uid: str) -> StudySummary:
    found = hub.catalogue.study(uid)
    assert found is not None
    return found


def priors(hub: Hub, uid: str) -> list[str]:
    return [prior.study_uid for prior in hub.catalogue.priors(uid)]


def events(hub: Hub) -> list[str]:
    with hub.database.read() as session:
        names = session.scalars(select(OutboxRow.name).order_by(OutboxRow.sequence))
        return [name for name in names if name.startswith("Patient")]


def correction(**said: Any) -> wire.Correction:
    values = {"patient_id": "P-1", "name": wire.Name(alphabetic="Yamada^Taro"), "birth_date": None, "sex": ""}
    return wire.Correction(demographics=wire.Demographics(**{**values, **said}), reason="誤入力")


def test_a_known_id_with_another_person_is_a_question(hub: Hub, send: Send, service: PatientService) -> None:
    first, second = send(**EARLIER), send(**SATO)
    (question,) = open_questions(service)
    assert ("patient", second, [Trait.NAME, Trait.BIRTH_DATE]) == (
        question.about,
        question.study.study_uid,
        question.differs,
    )
    assert ("山田^太郎", date(1970, 1, 2), 1) == (
        question.known.name.ideographic,
        question.known.birth_date,
        question.known_studies,
    )
    assert ("佐藤^次郎", date(1980, 5, 5)) == (question.found.name.ideographic, question.found.birth_date)
    marked = study(hub, second)
    assert marked.identity_conflict
    assert ("佐藤 次郎", "P-1") == (marked.patient.name.ideographic, marked.patient.patient_id)
    assert [] == priors(hub, second) == priors(hub, first)
    assert not study(hub, first).identity_conflict
    assert not study(hub, send()).identity_conflict


@pytest.mark.parametrize(
    "later",
    [
        {},
        {"PatientName": "YAMADA TARO"},
        {"PatientName": "=山田^太郎", "PatientBirthDate": "", "PatientSex": "U"},
        {"PatientName": "", "PatientBirthDate": "", "PatientSex": ""},
        {"PatientName": "==ﾔﾏﾀﾞ^ﾀﾛｳ"},
    ],
)
def test_the_same_person_written_otherwise_is_no_question(
    hub: Hub, send: Send, service: PatientService, later: dict[str, Any]
) -> None:
    first, second = send(**EARLIER), send(**later)
    assert [] == open_questions(service)
    assert [first] == priors(hub, second)


def test_what_later_studies_say_completes_the_patient(send: Send, service: PatientService) -> None:
    send(PatientName="Yamada^Taro", PatientBirthDate="", PatientSex="")
    send(PatientName="Yamada^Taro", PatientSex="")
    send(PatientName="", PatientBirthDate="19800505", PatientSex="")
    (question,) = open_questions(service)
    assert [Trait.BIRTH_DATE] == question.differs


def test_the_same_id_at_another_site_is_nobodys_question(hub: Hub, send: Send, service: PatientService) -> None:
    send(**EARLIER)
    other = send(site="OTHER", **SATO)
    assert [] == open_questions(service, OFFICE)
    assert [] == priors(hub, other)


@pytest.mark.parametrize(("holds", "name"), [("known", "山田 太郎"), ("found", "佐藤 次郎")])
def test_matching_makes_it_the_known_patients(
    hub: Hub, send: Send, service: PatientService, holds: Any, name: str
) -> None:
    first, second = send(**EARLIER), send(**SATO)
    (question,) = open_questions(service)
    decision = service.match(DOCTOR, question.id, wire.Match(holds=holds, reason="改姓"))
    assert ("match", "改姓", DOCTOR.login, False) == (
        decision.kind,
        decision.reason,
        decision.actor,
        decision.undone,
    )
    assert [] == open_questions(service)
    assert [first] == priors(hub, second)
    assert (name, False) == (study(hub, second).patient.name.ideographic, study(hub, second).identity_conflict)
    # What has been accepted is asked about no more, whichever of the two comes.
    send(second, **SATO)
    for said in ({}, SATO):
        assert {first, second} <= {*priors(hub, send(StudyDate="20260601", **said))}
    assert [] == open_questions(service)
    assert ["PatientMatched"] == events(hub)
    with hub.database.read() as session:
        deeds = [(entry.action, entry.outcome) for entry in of_study(session, second)]
    assert ("patient.resolve", "done") in deeds


def test_separating_makes_two_of_one_id(hub: Hub, send: Send, service: PatientService) -> None:
    first, second = send(**EARLIER), send(**SATO, **EARLIER)
    service.separate(DOCTOR, second, BECAUSE)
    assert ([], False) == (open_questions(service), study(hub, second).identity_conflict)
    assert [] == priors(hub, second)
    # From now on each of the two is known.
    assert [second] == priors(hub, send(**SATO))
    assert [first] == priors(hub, send())
    assert [] == open_questions(service)
    # Who can be either, or neither, is a question.
    unknown = send(PatientName="", PatientBirthDate="")
    third = send(PatientName="Suzuki^Ichiro", PatientBirthDate="")
    assert [unknown, third] == [question.study.study_uid for question in open_questions(service)]
    service.separate(DOCTOR, third, BECAUSE)
    assert [third] == priors(hub, send(PatientName="Suzuki^Ichiro", PatientBirthDate="", StudyDate="20260601"))
    assert ["PatientSeparated", "PatientSeparated"] == events(hub)


def test_correcting_puts_the_study_under_the_right_patient(hub: Hub, send: Send, service: PatientService) -> None:
    right, wrong = send(PatientID="P-2", **SATO, **EARLIER), send(PatientID="P-1")
    mistyped = send(PatientID="P-1", **SATO)
    assert 1 == len(open_questions(service))
    name = wire.Name(alphabetic="Sato^Jiro", ideographic="佐藤^次郎")
    service.correct(DOCTOR, mistyped, correction(patient_id="P-2", name=name, birth_date=date(1980, 5, 5)))
    assert ([right], []) == (priors(hub, mistyped), priors(hub, wrong))
    corrected = study(hub, mistyped)
    assert ("P-2", False) == (corrected.patient.patient_id, corrected.identity_conflict)
    assert [] == open_questions(service)
    # The rest of its images says still what was wrong.
    send(mistyped, PatientID="P-1", **SATO)
    assert not study(hub, mistyped).identity_conflict
    assert "P-2" == study(hub, mistyped).patient.patient_id
    send(mistyped, PatientID="P-3", **SATO)
    assert study(hub, mistyped).identity_conflict


def test_a_typing_error_of_an_only_study_is_corrected_with_its_patient(
    hub: Hub, send: Send, service: PatientService
) -> None:
    uid = send(PatientName="Yamda^Taro", PatientBirthDate="")
    decision = service.correct(DOCTOR, uid, correction())
    assert "Yamada Taro" == study(hub, uid).patient.name.alphabetic
    assert [uid] == priors(hub, send(PatientName="Yamada^Taro", StudyDate="20260601"))
    service.reopen(DOCTOR, decision.number, BECAUSE)
    assert "Yamda Taro" == study(hub, uid).patient.name.alphabetic


def test_a_correction_that_names_somebody_else_is_refused(hub: Hub, send: Send, service: PatientService) -> None:
    send(PatientID="P-2", **SATO)
    uid = send()
    with pytest.raises(StillContradicts) as caught:
        service.correct(DOCTOR, uid, correction(patient_id="P-2"))
    assert {"differs": "name"} == caught.value.details
    assert "P-1" == study(hub, uid).patient.patient_id


@pytest.mark.parametrize(
    "said",
    [{"sex": "X"}, {"patient_id": "a\\b"}, {"name": wire.Name(alphabetic="a=b")}, {"name": wire.Name(phonetic="\\")}],
)
def test_what_can_be_in_no_data_set_is_refused(send: Send, service: PatientService, said: dict[str, Any]) -> None:
    uid = send()
    with pytest.raises(InvalidInput):
        service.correct(DOCTOR, uid, correction(**said))


def test_images_of_two_people_in_one_study_are_a_question_too(hub: Hub, send: Send, service: PatientService) -> None:
    earlier, uid = send(**EARLIER), send()
    for _ in range(3):
        send(uid, PatientID="P-9", **SATO)
    (question,) = open_questions(service)
    assert ("images", "P-1", "P-9") == (question.about, question.known.patient_id, question.found.patient_id)
    assert [] == priors(hub, uid)
    service.match(DOCTOR, question.id, wire.Match(holds="known", reason="撮影者の誤り"))
    assert [earlier] == priors(hub, uid)
    send(uid, PatientID="P-9", **SATO)
    send(uid)
    assert ([], False) == (open_questions(service), study(hub, uid).identity_conflict)


def test_an_id_that_comes_later_asks_as_well(hub: Hub, send: Send, service: PatientService) -> None:
    send(**EARLIER)
    uid = send(PatientID="", **SATO)
    send(uid, PatientID="P-1", **SATO)
    assert [uid] == [question.study.study_uid for question in open_questions(service)]
    assert ([], True) == (priors(hub, uid), study(hub, uid).identity_conflict)


@pytest.mark.parametrize("how", ["match", "separate", "correct"])
def test_a_decision_is_taken_back_whole(hub: Hub, send: Send, service: PatientService, how: str) -> None:
    first, second = send(**EARLIER), send(**SATO)
    (question,) = open_questions(service)
    was = study(hub, second)
    deeds = {
        "match": lambda: service.match(DOCTOR, question.id, wire.Match(holds="found", reason="x")),
        "separate": lambda: service.separate(DOCTOR, second, BECAUSE),
        "correct": lambda: service.correct(DOCTOR, second, correction(patient_id="P-7")),
    }
    decision = deeds[how]()
    assert study(hub, second) != was
    answered = service.questions(DOCTOR, wire.QuestionQuery(state=QuestionState.RESOLVED)).questions
    assert [how] == [each.decision.kind for each in answered if each.decision]
    undone = service.reopen(DOCTOR, decision.number, BECAUSE)
    assert ("reopen", decision.number) == (undone.kind, undone.undoes)
    assert [question] == open_questions(service)
    assert was == study(hub, second)
    assert ("山田 太郎", []) == (study(hub, first).patient.name.ideographic, priors(hub, second))
    # The patient is as before, too: the same contradiction asks again.
    send(**SATO)
    assert 2 == len(open_questions(service))
    history = service.history_of_study(DOCTOR, second).decisions
    assert [("reopen", False), (how, True)] == [(each.kind, each.undone) for each in history]
    with pytest.raises(LaterDecision):
        service.reopen(DOCTOR, decision.number, BECAUSE)
    with pytest.raises(LaterDecision):
        service.reopen(DOCTOR, undone.number, BECAUSE)
    deeds[how]()
    assert second not in {each.study.study_uid for each in open_questions(service)}


def test_decisions_are_taken_back_from_the_newest(send: Send, service: PatientService) -> None:
    send(**EARLIER)
    uid = send(**SATO)
    first = service.separate(DOCTOR, uid, BECAUSE)
    second = service.correct(DOCTOR, uid, correction(patient_id="P-8"))
    with pytest.raises(LaterDecision) as caught:
        service.reopen(DOCTOR, first.number, BECAUSE)
    assert {"latest": second.number} == caught.value.details
    service.reopen(DOCTOR, second.number, BECAUSE)
    service.reopen(DOCTOR, first.number, BECAUSE)
    assert 1 == len(open_questions(service))


def test_two_patients_of_two_sites_become_one_person_and_two_again(
    hub: Hub, send: Send, service: PatientService
) -> None:
    here, there = send(**EARLIER), send(site="OTHER", PatientID="X-77")
    found = {each.site.code: each.patient for each in service.patients(OFFICE, wire.PatientQuery(q="やまだ")).patients}
    assert {"CLINIC", "OTHER"} == set(found)
    merge = wire.Merge(into=found["OTHER"], reason="保険証で確認")
    service.merge(OFFICE, found["CLINIC"], merge)
    assert ([here], []) == (priors(hub, there), priors(hub, here))
    (patient,) = service.patients(OFFICE, wire.PatientQuery(q="P-1")).patients
    assert ([found["OTHER"]], {here, there}) == (patient.same_person, {each.study_uid for each in patient.studies})
    (alone,) = service.patients(DOCTOR, wire.PatientQuery(q="P-1")).patients
    assert ([], [here]) == (alone.same_person, [each.study_uid for each in alone.studies])
    with pytest.raises(MergeRefused):
        service.merge(OFFICE, found["CLINIC"], merge)
    with pytest.raises(MergeRefused):
        service.merge(OFFICE, found["OTHER"], wire.Merge(into=found["CLINIC"], reason="x"))
    service.unmerge(OFFICE, found["CLINIC"], BECAUSE)
    assert [] == priors(hub, there)
    with pytest.raises(NotMergedPatient):
        service.unmerge(OFFICE, found["CLINIC"], BECAUSE)
    kinds = [each.kind for each in service.history_of_patient(OFFICE, found["OTHER"]).decisions]
    assert ["unmerge", "merge"] == kinds
    assert ["PatientMerged", "PatientUnmerged"] == events(hub)


def test_who_may_decide(send: Send, service: PatientService) -> None:
    send(**EARLIER)
    uid = send(**SATO)
    (question,) = open_questions(service)
    match = wire.Match(holds="known", reason="x")
    for outsider in (person(Role.REFERRING_DOCTOR, "OTHER"), person(Role.SECRETARIAT, "KEN")):
        assert [] == open_questions(service, outsider)
        with pytest.raises(NotFound):
            service.match(outsider, question.id, match)
        with pytest.raises(NotFound):
            service.history_of_study(outsider, uid)
    for insider in (person(Role.RADIOLOGIST), person(Role.ADMINISTRATOR)):
        with pytest.raises(Forbidden):
            open_questions(service, insider)
        with pytest.raises(Forbidden):
            service.separate(insider, uid, BECAUSE)
    with pytest.raises(NotFound):
        service.merge(DOCTOR, question.patient, wire.Merge(into=10**6, reason="x"))
    service.match(person(Role.TECHNOLOGIST), question.id, match)
    with pytest.raises(AlreadyResolved):
        service.match(OFFICE, question.id, match)


def test_a_decision_without_a_reason_is_none(send: Send, service: PatientService) -> None:
    uid = send()
    with pytest.raises(ReasonMissing):
        service.separate(DOCTOR, uid, wire.Because(reason=" \x00 "))
    assert [] == service.history_of_study(DOCTOR, uid).decisions


def test_a_study_without_an_id_shares_none(send: Send, service: PatientService) -> None:
    uid = send(PatientID="")
    with pytest.raises(NothingToSeparate):
        service.separate(DOCTOR, uid, BECAUSE)


def test_the_files_stay_as_they_came(hub: Hub, service: PatientService) -> None:
    image = ct(**SATO)
    stored = hub.store(image.file)
    service.correct(DOCTOR, stored.study_uid, correction(patient_id="P-5"))
    (record,) = hub.catalogue.instances(stored.study_uid)
    assert image.data_set == record.path.read_bytes()[record.dataset_offset :]
