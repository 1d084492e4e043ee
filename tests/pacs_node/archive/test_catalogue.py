"""Proves what the other rooms read of the archive: summaries, instances in order, priors of the same patient only."""

from __future__ import annotations

from datetime import date, time

from pacs_node.model import Patient, PersonName
from tests.pacs_node.conftest import Hub, peer
from tests.support.objects import ct


def test_summary_of_a_study(hub: Hub) -> None:
    sent = ct()
    hub.store(sent.file)
    study = hub.catalogue.study(sent.study)
    assert study is not None
    assert study.patient == Patient(
        issuer="CLINIC",
        patient_id="P-1",
        name=PersonName(alphabetic="Yamada Taro", ideographic="山田 太郎", phonetic="やまだ たろう"),
        birth_date=date(1970, 1, 2),
        sex="M",
    )
    assert (date(2026, 4, 1), time(9, 30)) == (study.study_date, study.study_time)
    assert ("湊 恵子", "頭部単純ＣＴ", "HEAD", ("CT",)) == (
        study.referring_physician,
        study.study_description,
        study.body_part,
        study.modalities,
    )
    assert hub.clock.now() == study.first_received_at == study.last_received_at
    assert study.arrived_at is None


def test_unknown_studies_are_left_out(hub: Hub) -> None:
    first, second = ct(), ct()
    hub.store(first.file)
    hub.store(second.file)
    asked = [second.study, "1.2.3", first.study, second.study]
    assert [second.study, first.study] == list(hub.catalogue.studies(asked))
    assert hub.catalogue.study("1.2.3") is None
    assert hub.catalogue.site_of("1.2.3") is None
    assert hub.catalogue.instances("1.2.3") == []


def test_instances_come_by_series_and_instance_number(hub: Hub) -> None:
    study = ct().study
    sent = {
        number: ct(
            StudyInstanceUID=study,
            SeriesInstanceUID=f"1.2.{series}",
            SeriesNumber=series,
            InstanceNumber=number,
        )
        for series, number in ((2, 3), (1, 10), (1, 9))
    }
    for image in sent.values():
        hub.store(image.file)
    assert [9, 10, 3] == [record.instance_number for record in hub.catalogue.instances(study)]
    assert [9, 10] == [record.instance_number for record in hub.catalogue.instances(study, "1.2.1")]
    [one] = hub.catalogue.instances(study, "1.2.1", sent[9].sop_instance)
    assert one.sop_instance_uid == sent[9].sop_instance
    assert hub.catalogue.instances(study, "1.2.2", sent[9].sop_instance) == []


def test_priors_are_earlier_studies_of_the_same_patient_at_the_same_site(hub: Hub) -> None:
    studies = {
        "1.1": {"StudyDate": "20240101"},
        "1.2": {"StudyDate": "20250101"},
        "1.3": {"StudyDate": "20260101"},
        "1.4": {"StudyDate": "20270101"},
        "1.5": {"StudyDate": "20230101", "PatientID": "P-2"},
        "1.6": {"StudyDate": "20230101", "PatientID": ""},
        "1.7": {"StudyDate": "20260101", "PatientID": ""},
    }
    for uid, values in studies.items():
        hub.store(ct(StudyInstanceUID=uid, **values).file)
    hub.store(ct(StudyInstanceUID="2.1", StudyDate="20220101").file, peer("OTHER"))
    assert ["1.2", "1.1"] == [prior.study_uid for prior in hub.catalogue.priors("1.3")]
    assert [] == hub.catalogue.priors("1.7")
    assert [] == hub.catalogue.priors("9.9")


def test_the_count_of_priors_is_that_of_the_priors(hub: Hub) -> None:
    same = {"StudyDate": "20260101", "StudyTime": "090000"}
    studies: dict[str, dict[str, str | None]] = {
        "1.1": {"StudyDate": "", "StudyTime": ""},
        "1.2": {"StudyDate": "", "StudyTime": ""},
        "1.3": dict(same),
        "1.4": dict(same),
        "1.5": {"StudyDate": "20260101", "StudyTime": ""},
        "1.6": {"StudyDate": "20260102", "PatientName": "Sato^Jiro"},
        "1.7": {"StudyDate": "20260103", "PatientID": ""},
    }
    for uid, values in studies.items():
        hub.store(ct(StudyInstanceUID=uid, **values).file)
    expected = {"1.1": [], "1.2": ["1.1"], "1.3": ["1.5"], "1.4": ["1.3", "1.5"], "1.5": [], "1.6": [], "1.7": []}
    assert expected == {uid: [prior.study_uid for prior in hub.catalogue.priors(uid)] for uid in studies}
    counts = hub.catalogue.prior_counts(studies, {"CLINIC"})
    assert {uid: len(priors) for uid, priors in expected.items()} == {uid: counts.get(uid, 0) for uid in studies}
    assert {0} == set(hub.catalogue.prior_counts(studies, {"OTHER"}).values())
