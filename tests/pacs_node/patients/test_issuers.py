"""Proves whose patient a study is whose data set names another issuer: the sender's site decides, or is trusted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from access_control.directory import Directory
from access_control.model import Role
from pacs_node.archive.search import Level, Query, search
from pacs_node.archive.tables import StudyRow
from pacs_node.ingest.service import Incoming
from pacs_node.patients import wire
from pacs_node.patients.arrival import new_patient
from pacs_node.patients.errors import NoHumanDecision
from pacs_node.patients.model import Demographics
from pacs_node.patients.notation import change, noted
from pacs_node.patients.rereading import TextReader
from pacs_node.patients.service import PatientService
from pacs_node.patients.tables import PatientDecisionRow
from pacs_node.peers.errors import WrongIssuer
from pacs_node.peers.model import IntakeRules
from pacs_node.peers.tables import DicomPeerRow
from shared_kernel.errors import NotFound
from shared_kernel.ids import new_uid
from tests.pacs_node.conftest import Hub, peer
from tests.pacs_node.patients.conftest import DOCTOR, OFFICE, open_questions, person
from tests.pacs_node.patients.test_rereading import OPERATOR
from tests.support.objects import ct

TRUSTING = IntakeRules(issuers=("KEN-BYOIN=OTHER",))
SATO: dict[str, Any] = {"PatientName": "Sato^Jiro=佐藤^次郎", "PatientBirthDate": "19800505"}
OTHER_DOCTOR = person(Role.REFERRING_DOCTOR, "OTHER")


def send(hub: Hub, issuer: str, rules: IntakeRules = TRUSTING, site: str = "CLINIC", **keywords: Any) -> str:
    image = ct(StudyInstanceUID=new_uid(), IssuerOfPatientID=issuer, **keywords)
    with hub.ingest.spool() as spool:
        spool.write(image.file)
        return hub.ingest.store(Incoming(sender=peer(site), spool=spool, channel="import", rules=rules)).study_uid


def owner(hub: Hub, uid: str) -> tuple[str, str]:
    """The study's site and its patient's issuer."""
    found = hub.catalogue.study(uid)
    assert found is not None
    return found.site_code, found.patient.issuer


@pytest.mark.parametrize(
    ("issuer", "rules", "expected"),
    [
        ("", TRUSTING, "CLINIC"),
        ("KEN-BYOIN", TRUSTING, "OTHER"),
        ("KEN-BYOIN", IntakeRules(), "CLINIC"),
        ("OTHER", TRUSTING, "CLINIC"),
        ("ken-byoin", TRUSTING, "CLINIC"),
    ],
)
def test_only_an_issuer_that_is_trusted_counts(hub: Hub, issuer: str, rules: IntakeRules, expected: str) -> None:
    uid = send(hub, issuer, rules)
    assert ("CLINIC", expected) == owner(hub, uid)
    with hub.database.read() as session:
        sites = frozenset({"CLINIC", "OTHER"})
        [row] = search(session, Query(level=Level.STUDY, sites=sites, keys={"IssuerOfPatientID": expected})).rows
    assert (uid, expected) == (row["StudyInstanceUID"], row["IssuerOfPatientID"])


def test_a_gateway_s_patient_is_the_other_site_s_and_has_its_priors(hub: Hub) -> None:
    theirs = send(hub, "", IntakeRules(), "OTHER", StudyDate="20250101")
    own = send(hub, "", IntakeRules(), StudyDate="20250202")
    of_gateway = send(hub, "KEN-BYOIN", StudyDate="20260101")
    assert [theirs] == [prior.study_uid for prior in hub.catalogue.priors(of_gateway)]
    assert own not in {prior.study_uid for prior in hub.catalogue.priors(of_gateway)}


def test_a_question_about_two_sites_takes_the_right_at_both(hub: Hub, service: PatientService) -> None:
    send(hub, "", IntakeRules(), "OTHER")
    uid = send(hub, "KEN-BYOIN", **SATO)
    assert [] == open_questions(service, DOCTOR) == open_questions(service, OTHER_DOCTOR)
    (question,) = open_questions(service, OFFICE)
    because = wire.Because(reason="別人")
    for actor in (DOCTOR, OTHER_DOCTOR):
        with pytest.raises(NotFound):
            service.separate(actor, uid, because)
    service.match(OFFICE, question.id, wire.Match(holds="known", reason="カルテで確認"))
    assert ("CLINIC", "OTHER") == owner(hub, uid)


def test_a_corrected_id_and_a_separated_person_stay_the_issuer_s(hub: Hub, service: PatientService) -> None:
    send(hub, "", IntakeRules(), "OTHER")
    uid = send(hub, "KEN-BYOIN")
    service.separate(OFFICE, uid, wire.Because(reason="別人"))
    assert ("CLINIC", "OTHER") == owner(hub, uid)
    right = wire.Demographics(patient_id="P-9", name=wire.Name(alphabetic="Yamada^Taro"), birth_date=None, sex="")
    service.correct(OFFICE, uid, wire.Correction(demographics=right, reason="誤入力"))
    assert ("CLINIC", "OTHER") == owner(hub, uid)
    found = service.patients(OTHER_DOCTOR, wire.PatientQuery(q="P-9")).patients
    assert [("OTHER", [])] == [(each.site.code, each.studies) for each in found]  # the study is CLINIC's


def test_an_issuer_that_is_trusted_later_counts_when_the_study_is_read_anew(hub: Hub) -> None:
    uid = send(hub, "KEN-BYOIN", IntakeRules())
    reader = TextReader(hub.database, hub.files, hub.clock, lambda _session, _login: TRUSTING)
    assert [True] == [each.changed for each in reader.read([uid], OPERATOR)]
    assert ("CLINIC", "OTHER") == owner(hub, uid)
    assert [False] == [each.changed for each in reader.read([uid], OPERATOR)]


def test_an_issuer_stands_for_a_site_that_there_is(hub: Hub) -> None:
    with hub.database.write() as session:
        Directory(hub.clock).add_site(session, "OTHER", "丘病院")
        added = hub.peers.add(session, "GATEWAY", "CLINIC", issuers=(" KEN-BYOIN = OTHER", "OTHER"))
        assert (
            ("KEN-BYOIN=OTHER", "OTHER=OTHER")
            == added.intake.issuers
            == hub.peers.get(session, "GATEWAY").intake.issuers
        )
        for wrong in ("KEN-BYOIN=NOWHERE", "=OTHER", "", "X" * 65 + "=OTHER"):
            with pytest.raises(WrongIssuer):
                hub.peers.change(session, "GATEWAY", issuers=(wrong,))


def test_the_image_that_names_the_patient_names_the_issuer_when_read_anew_too(hub: Hub) -> None:
    uid = new_uid()
    for keywords in ({"PatientID": None}, {"IssuerOfPatientID": "KEN-BYOIN"}):
        image = ct(StudyInstanceUID=uid, **keywords)
        with hub.ingest.spool() as spool:
            spool.write(image.file)
            hub.ingest.store(Incoming(sender=peer("CLINIC"), spool=spool, channel="import", rules=TRUSTING))
    assert ("CLINIC", "OTHER") == owner(hub, uid)
    reader = TextReader(hub.database, hub.files, hub.clock, lambda _session, _login: TRUSTING)
    assert [False] == [each.changed for each in reader.read([uid], OPERATOR)]
    assert ("CLINIC", "OTHER") == owner(hub, uid)


def test_what_was_read_anew_is_nobody_s_decision_to_take_back(hub: Hub, service: PatientService) -> None:
    send(hub, "", IntakeRules(), "OTHER", StudyDate="20250101")
    uid = send(hub, "KEN-BYOIN", StudyDate="20260101")
    reader = TextReader(hub.database, hub.files, hub.clock, lambda _session, _login: IntakeRules())
    assert [True] == [each.changed for each in reader.read([uid], OPERATOR)]
    assert ("CLINIC", "CLINIC") == owner(hub, uid)
    (reread,) = service.history_of_study(OFFICE, uid).decisions
    for actor, refusal in ((DOCTOR, NotFound), (OFFICE, NoHumanDecision), (OPERATOR, NoHumanDecision)):
        with pytest.raises(refusal):
            service.reopen(actor, reread.number, wire.Because(reason="元に戻す"))
    assert ("CLINIC", "CLINIC") == owner(hub, uid)
    assert [] == hub.catalogue.priors(uid)


def test_taking_back_takes_the_right_where_the_study_goes_back_to(hub: Hub, service: PatientService) -> None:
    send(hub, "", IntakeRules(), "OTHER")
    uid = send(hub, "KEN-BYOIN", **SATO)
    (question,) = open_questions(service, OFFICE)
    decided = service.match(OFFICE, question.id, wire.Match(holds="known", reason="カルテで確認"))
    with hub.database.write() as session:
        # As if the study had come to the sender's own patient by the decision.
        own = patient_row(session, "CLINIC")
        row = session.get_one(PatientDecisionRow, decided.number)
        after = change(row.after)
        assert after.study is not None
        row.after = noted(msgspec.structs.replace(after, study=msgspec.structs.replace(after.study, patient_row=own)))
        session.scalars(select(StudyRow).filter_by(study_uid=uid)).one().patient_row = own
    with pytest.raises(NotFound):
        service.reopen(DOCTOR, decided.number, wire.Because(reason="元に戻す"))
    assert ("CLINIC", "CLINIC") == owner(hub, uid)
    service.reopen(OFFICE, decided.number, wire.Because(reason="元に戻す"))
    assert ("CLINIC", "OTHER") == owner(hub, uid)


def patient_row(session: Session, issuer: str) -> int:
    """A patient of a site who has no study."""
    said = Demographics(patient_id="P-77")
    return new_patient(session, issuer, "id:P-77", said, datetime(2026, 1, 1, tzinfo=UTC)).id


def test_a_history_tells_no_other_site_s_studies(hub: Hub, service: PatientService) -> None:
    send(hub, "", IntakeRules(), "OTHER")
    uid = send(hub, "KEN-BYOIN", **SATO)
    (question,) = open_questions(service, OFFICE)
    service.match(OFFICE, question.id, wire.Match(holds="known", reason="佐藤さんの保険証で確認"))
    own = send(hub, "", IntakeRules(), **SATO, PatientID="P-2")
    (patient,) = (each.patient for each in service.patients(OTHER_DOCTOR, wire.PatientQuery(q="P-1")).patients)
    (clinic,) = (each.patient for each in service.patients(DOCTOR, wire.PatientQuery(q="P-2")).patients)
    service.merge(OFFICE, clinic, wire.Merge(into=patient, reason="同じ人"))
    assert [] == service.history_of_patient(OTHER_DOCTOR, patient).decisions
    assert [] == service.history_of_patient(DOCTOR, clinic).decisions
    told = service.history_of_patient(OFFICE, patient).decisions
    assert [("merge", None), ("match", uid)] == [(each.kind, each.study_uid) for each in told]
    assert told == service.history_of_patient(OPERATOR, patient).decisions
    right = wire.Demographics(patient_id="P-2", name=wire.Name(alphabetic="Sato^Jiro"), birth_date=None, sex="")
    service.correct(DOCTOR, own, wire.Correction(demographics=right, reason="誤入力"))
    assert ["correct"] == [each.kind for each in service.history_of_patient(DOCTOR, clinic).decisions]


@pytest.mark.parametrize(
    "wrong", ["KEN\x0bX=OTHER", "KEN\u2028X=OTHER", "KEN\rX=OTHER", "KEN\x00=OTHER", "KEN\x85X=OTHER"]
)
def test_an_issuer_that_no_data_set_can_name_is_refused(hub: Hub, wrong: str) -> None:
    with hub.database.write() as session:
        Directory(hub.clock).add_site(session, "OTHER", "丘病院")
        with pytest.raises(WrongIssuer):
            hub.peers.add(session, "GATEWAY", "CLINIC", issuers=(wrong,))


def test_an_issuer_stands_for_one_site_only(hub: Hub) -> None:
    with hub.database.write() as session:
        Directory(hub.clock).add_site(session, "OTHER", "丘病院")
        Directory(hub.clock).add_site(session, "CLINIC", "港診療所")
        with pytest.raises(WrongIssuer):
            hub.peers.add(session, "GATEWAY", "CLINIC", issuers=("KEN=CLINIC", "KEN=OTHER"))
        added = hub.peers.add(session, "GATEWAY", "CLINIC", issuers=("KEN=OTHER", "県　病院=OTHER", "KEN=OTHER"))
        assert ("KEN=OTHER", "県　病院=OTHER") == added.intake.issuers
        assert added.intake == hub.peers.get(session, "GATEWAY").intake


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ("KEN=OTHER\nKEN-BYOIN=OTHER", ("KEN=OTHER", "KEN-BYOIN=OTHER")),
        ("KEN\x0bX=OTHER\nA=OTHER", ("KEN\x0bX=OTHER", "A=OTHER")),
        ("[KEN]=OTHER", ("[KEN]=OTHER",)),
        ("", ()),
    ],
)
def test_issuers_that_were_written_a_line_each_are_read(hub: Hub, stored: str, expected: tuple[str, ...]) -> None:
    with hub.database.write() as session:
        hub.peers.add(session, "GATEWAY", "CLINIC")
        session.get_one(DicomPeerRow, "GATEWAY").issuers = stored
    found = hub.peers.find("GATEWAY")
    assert found is not None
    assert expected == found.intake.issuers
    assert {found.intake.site_of_issuer(line.rpartition("=")[0]) for line in expected} <= {"OTHER"}


def test_one_patient_is_told_to_who_knows_the_site(hub: Hub, service: PatientService) -> None:
    uid = send(hub, "KEN-BYOIN")
    (known,) = service.patients(OFFICE, wire.PatientQuery(q="P-1")).patients
    assert known == service.patient(OFFICE, known.patient)
    assert [uid] == [each.study_uid for each in known.studies]
    assert [] == service.patient(OTHER_DOCTOR, known.patient).studies  # the study is CLINIC's
    with pytest.raises(NotFound):
        service.patient(DOCTOR, known.patient)
