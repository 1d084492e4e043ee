"""The demo region has what the demo tells: three clinics, a prior, both character sets, every modality."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import pytest
from pydicom.dataset import FileDataset

from test_data.catalogue import DEMO_STUDIES, SITES, study_named
from test_data.patients import HANAKO_TAKASAKI, TARO_YAMADA
from test_data.spec import StudySpec

Images = Callable[[str], list[FileDataset]]


def test_the_demo_clinic_has_at_least_eight_studies_and_the_others_some() -> None:
    by_site = {code: [s for s in DEMO_STUDIES if s.site_code == code] for code in SITES}
    assert len(by_site["MINATO"]) >= 8
    assert len(by_site["YAMANE"]) >= 2
    assert len(by_site["SHIOMI"]) >= 2
    assert {"CT", "MR", "CR", "DX", "MG", "US"} == {study.modality for study in by_site["MINATO"]}
    assert {"みなと診療所", "山根クリニック", "潮見医院"} == {site.name for site in SITES.values()}


def test_names_and_accession_numbers_are_unique() -> None:
    day = dt.date(2026, 4, 1)
    assert len({study.name for study in DEMO_STUDIES}) == len(DEMO_STUDIES)
    numbers = {study.accession_number(day) for study in DEMO_STUDIES}
    assert len(numbers) == len(DEMO_STUDIES)
    assert all(len(number) <= 16 for number in numbers)


@pytest.mark.parametrize("study", DEMO_STUDIES, ids=lambda study: study.name)
def test_names_come_back_in_three_groups_without_a_question_mark(study: StudySpec, images_of: Images) -> None:
    for image in images_of(study.name)[:1]:
        assert str(study.patient.name) == str(image.PatientName)
        assert study.patient.name.ideographic == image.PatientName.ideographic
        assert study.patient.name.phonetic == image.PatientName.phonetic
        assert str(study.site.referring_physician) == str(image.ReferringPhysicianName)
        assert study.site.name == image.InstitutionName
        assert study.description == image.StudyDescription
        charset = image.SpecificCharacterSet
        assert study.character_set == (charset if isinstance(charset, str) else charset[-1])
        texts = [str(element.value) for element in image if element.VR in ("PN", "LO", "SH", "ST")]
        assert not [text for text in texts if "?" in text]


def test_a_name_that_its_character_set_does_not_have_is_refused() -> None:
    assert study_named("ct-head").patient == HANAKO_TAKASAKI
    with pytest.raises(ValueError, match="cannot be written in ISO 2022 IR 87"):
        replace(study_named("ct-head"), character_set="ISO 2022 IR 87")


def test_the_chest_ct_has_a_prior_a_year_ago_with_fewer_slices_and_another_table(images_of: Images) -> None:
    now, prior = images_of("ct-chest"), images_of("ct-chest-prior")
    assert {str(TARO_YAMADA.name)} == {str(image.PatientName) for image in (*now, *prior)}
    assert {TARO_YAMADA.id} == {image.PatientID for image in (*now, *prior)}
    dates = [dt.datetime.strptime(image.StudyDate, "%Y%m%d").date() for image in (prior[0], now[0])]  # noqa: DTZ007 - a DICOM date has no time zone
    assert 365 <= (dates[1] - dates[0]).days < 400
    assert len(prior) < len(now)
    assert prior[0].FrameOfReferenceUID != now[0].FrameOfReferenceUID
    assert prior[0].ImagePositionPatient[1] != now[0].ImagePositionPatient[1]


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match=r"nonsense is no demo study; known are ct-chest, .*us-heart"):
        study_named("nonsense")
