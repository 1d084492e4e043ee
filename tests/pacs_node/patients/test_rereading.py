"""Proves that stored studies say what their senders meant once an operator knows it, and that decisions stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from access_control.model import ActorKind
from pacs_node.ingest.service import Incoming
from pacs_node.model import StudySummary
from pacs_node.patients import wire
from pacs_node.patients.rereading import Reread, TextReader
from pacs_node.patients.service import PatientService
from pacs_node.peers.model import IntakeRules
from shared_kernel.events.tables import OutboxRow
from tests.pacs_node.conftest import Hub, peer
from tests.pacs_node.patients.conftest import DOCTOR, open_questions
from tests.support.objects import Part10, ct

OPERATOR = replace(DOCTOR, kind=ActorKind.OPERATOR, role=None, login="operator")
NAME = "山田^太郎"
EUC = IntakeRules(character_set="EUC-JP")


def euc(name: str = NAME, **keywords: str) -> Part10:
    """An image of a device that writes EUC-JP and declares nothing; such a name may be half-width kana as well."""
    placeholder = "N" * len(name.encode("euc_jp"))
    image = ct(
        PatientName=placeholder,
        StudyDescription="CT",
        SpecificCharacterSet=None,
        **{
            "ReferringPhysicianName": "Minato^Keiko",
            **keywords,
        },
    )
    return replace(image, file=image.file.replace(placeholder.encode(), name.encode("euc_jp")))


def send(hub: Hub, image: Part10, rules: IntakeRules | None = None) -> str:
    with hub.ingest.spool() as spool:
        spool.write(image.file)
        incoming = Incoming(sender=peer(), spool=spool, channel="import", rules=rules or IntakeRules())
        return hub.ingest.store(incoming).study_uid


def reader(hub: Hub, rules: IntakeRules = EUC) -> TextReader:
    return TextReader(hub.database, hub.files, hub.clock, lambda _session, login: rules if login else IntakeRules())


def study(hub: Hub, uid: str) -> StudySummary:
    found = hub.catalogue.study(uid)
    assert found is not None
    return found


def told(hub: Hub) -> int:
    with hub.database.read() as session:
        return len(session.scalars(select(OutboxRow).filter_by(name="StudyTextsRead")).all())


def test_texts_are_read_by_what_is_known_now(hub: Hub) -> None:
    uid = send(hub, euc())
    assert study(hub, uid).text_suspect
    assert "\ufffd" in study(hub, uid).patient.name.alphabetic
    assert [Reread(uid, True, 0)] == list(reader(hub).read([uid], OPERATOR))
    after = study(hub, uid)
    assert ("山田 太郎", "P-1", False, False) == (
        after.patient.name.alphabetic,
        after.patient.patient_id,
        after.text_suspect,
        after.identity_conflict,
    )
    assert 1 == told(hub)
    assert [Reread(uid, False, 0)] == list(reader(hub).read([uid], OPERATOR))
    assert 1 == told(hub)


def test_the_patient_is_known_by_the_right_name_afterwards(hub: Hub, service: PatientService) -> None:
    first = send(hub, euc(StudyDate="20260101"))
    second = send(hub, euc(StudyDate="20260201"))
    list(reader(hub).read([first, second], OPERATOR))
    assert [first] == [prior.study_uid for prior in hub.catalogue.priors(second)]
    third = send(hub, euc(StudyDate="20260301"), EUC)
    assert {first, second} == {prior.study_uid for prior in hub.catalogue.priors(third)}
    assert [] == open_questions(service)


def test_a_question_that_only_garbled_text_has_raised_goes_away(hub: Hub, service: PatientService) -> None:
    right = send(hub, ct(PatientName=NAME, StudyDate="20260101"))
    garbled = send(hub, euc())
    assert [garbled] == [question.study.study_uid for question in open_questions(service)]
    list(reader(hub).read([garbled], OPERATOR))
    assert ([], False) == (open_questions(service), study(hub, garbled).identity_conflict)
    assert [right] == [prior.study_uid for prior in hub.catalogue.priors(garbled)]
    (decision,) = service.history_of_study(DOCTOR, garbled).decisions
    assert ("reread", "operator") == (decision.kind, decision.actor)


def test_a_real_contradiction_stays_a_question(hub: Hub, service: PatientService) -> None:
    send(hub, ct(PatientName="佐藤^次郎"))
    garbled = send(hub, euc())
    list(reader(hub).read([garbled], OPERATOR))
    (question,) = open_questions(service)
    assert ("佐藤^次郎", NAME) == (question.known.name.alphabetic, question.found.name.alphabetic)
    assert study(hub, garbled).identity_conflict


def test_what_a_human_has_decided_stays(hub: Hub, service: PatientService) -> None:
    uid = send(hub, euc())
    name = wire.Name(ideographic="山田^太朗")
    right = wire.Demographics(patient_id="P-1", name=name, birth_date=None, sex="M")
    service.correct(DOCTOR, uid, wire.Correction(demographics=right, reason="カルテ"))
    list(reader(hub).read([uid], OPERATOR))
    assert ("山田 太朗", False) == (study(hub, uid).patient.name.ideographic, study(hub, uid).text_suspect)


def test_a_file_that_is_gone_changes_nothing_and_is_told(hub: Hub) -> None:
    uid = send(hub, euc())
    (record,) = hub.catalogue.instances(uid)
    record.path.unlink()
    before = study(hub, uid)
    assert [Reread(uid, False, 1)] == list(reader(hub).read([uid], OPERATOR))
    assert before == study(hub, uid)


@pytest.mark.parametrize("with_sender", [True, False])
def test_which_studies_are_meant(hub: Hub, with_sender: bool) -> None:
    first = send(hub, euc())
    hub.clock.move(timedelta(days=1))
    moment = hub.clock.now()
    second = send(hub, euc())
    sender = "ae:CLINIC_CT" if with_sender else None
    assert [first, second] == reader(hub).studies(sender=sender)
    assert [second] == reader(hub).studies(sender=sender, since=moment)
    assert [first] == reader(hub).studies(sender=sender, study_uid=first)
    assert [] == reader(hub).studies(sender="ae:NOBODY")
