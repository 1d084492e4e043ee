"""Proves that names are found however they are written and declared, and that only the index is mended."""

from __future__ import annotations

import pytest

from pacs_node.archive.search import Level, Query, search
from pacs_node.ingest.service import Incoming
from pacs_node.peers.model import IntakeRules
from tests.pacs_node.conftest import Hub, peer
from tests.support.objects import Part10, ct
from tests.support.shared_files import FOLDER, charset_expected, needs_shared_files

NAME = "Takahashi^Hanako=髙橋^花子=たかはし^はなこ"


def undeclared(codec: str, declared: str | None = None) -> Part10:
    """An image whose bytes are of another set than it says."""
    placeholder = "N" * len(NAME.replace("髙", "高").encode(codec))
    description = "D" * len("頭部ソ表示".encode(codec))
    image = ct(
        PatientName=placeholder,
        StudyDescription=description,
        SpecificCharacterSet=declared,
        ReferringPhysicianName="Minato^Keiko",
    )
    file = image.file.replace(placeholder.encode(), NAME.replace("髙", "高").encode(codec))
    return Part10(
        file.replace(description.encode(), "頭部ソ表示".encode(codec)),
        image.sop_class,
        image.sop_instance,
        image.study,
        image.syntax,
    )


def found(hub: Hub, key: str) -> list[str]:
    query = Query(level=Level.STUDY, sites=frozenset({"CLINIC"}), keys={"PatientName": key}, fuzzy=True)
    with hub.database.read() as session:
        return [row["StudyInstanceUID"] for row in search(session, query).rows]


@pytest.mark.parametrize(
    "key", ["たかはし", "ﾀｶﾊｼ", "タカハシ", "高橋", "髙橋", "takahashi", "ＴＡＫＡＨＡＳＨＩ", "髙橋花"]
)
def test_a_name_is_found_in_every_writing(hub: Hub, key: str) -> None:
    image = ct(PatientName=NAME)
    hub.store(image.file)
    hub.store(ct(PatientName="Yamada^Taro=山田^太郎=やまだ^たろう", PatientID="P-2").file)
    assert [image.study] == found(hub, key)


@pytest.mark.parametrize("codec", ["cp932", "euc_jp", "utf_8"])
@pytest.mark.parametrize("declared", [None, "ISO_IR 6"])
def test_undeclared_japanese_is_mended_in_the_index_alone(hub: Hub, codec: str, declared: str | None) -> None:
    image = undeclared(codec, declared)
    hub.store(image.file)
    study = hub.catalogue.study(image.study)
    assert study is not None
    assert ("高橋 花子", "頭部ソ表示", True) == (
        study.patient.name.ideographic,
        study.study_description,
        study.text_suspect,
    )
    assert [image.study] == found(hub, "髙橋")
    (record,) = hub.catalogue.instances(image.study)
    assert image.data_set == record.path.read_bytes()[record.dataset_offset :]


def test_what_is_known_of_the_sender_is_read_and_not_marked(hub: Hub) -> None:
    image = undeclared("cp932", "ISO_IR 100")
    with hub.ingest.spool() as spool:
        spool.write(image.file)
        rules = IntakeRules(character_set="ISO_IR 13")
        hub.ingest.store(Incoming(sender=peer(), spool=spool, channel="import", rules=rules))
    study = hub.catalogue.study(image.study)
    assert study is not None
    assert ("頭部ソ表示", False) == (study.study_description, study.text_suspect)


def test_right_declarations_are_not_marked(hub: Hub) -> None:
    for image in (ct(), ct(SpecificCharacterSet=["", "ISO 2022 IR 87"]), ct(PatientName="Yamada^Taro")):
        hub.store(image.file)
        study = hub.catalogue.study(image.study)
        assert study is not None
        assert ("頭部単純ＣＴ", False) == (study.study_description, study.text_suspect)


def test_the_mark_stays_when_clean_images_follow(hub: Hub) -> None:
    image = undeclared("cp932")
    hub.store(image.file)
    hub.store(ct(StudyInstanceUID=image.study).file)
    study = hub.catalogue.study(image.study)
    assert study is not None
    assert study.text_suspect


def test_the_issuer_in_the_data_set_is_kept_and_changes_nothing(hub: Hub) -> None:
    first, second = ct(IssuerOfPatientID="病院A"), ct(IssuerOfPatientID="B", StudyDate="20260501")
    hub.store(first.file)
    hub.store(second.file)
    assert [first.study] == [prior.study_uid for prior in hub.catalogue.priors(second.study)]
    study = hub.catalogue.study(second.study)
    assert study is not None
    assert ("CLINIC", "B") == (study.patient.issuer, study.issuer_of_patient_id)


@needs_shared_files
@pytest.mark.parametrize("path", [path for path in charset_expected() if path.startswith("charset/")])
def test_real_files_are_indexed_as_they_say_and_not_marked(hub: Hub, path: str) -> None:
    expected = charset_expected()[path]
    stored = hub.store((FOLDER / path).read_bytes())
    query = Query(level=Level.STUDY, sites=frozenset({"CLINIC"}), keys={"StudyInstanceUID": stored.study_uid})
    with hub.database.read() as session:
        (row,) = search(session, query).rows
    name = row["PatientName"]
    assert expected["PatientName"] == "=".join((name.alphabetic, name.ideographic, name.phonetic)).rstrip("=")
    assert expected.get("StudyDescription", row["StudyDescription"]) == row["StudyDescription"]
    for group in (name.alphabetic, name.ideographic, name.phonetic):
        assert not group or [stored.study_uid] == found(hub, group)
    study = hub.catalogue.study(stored.study_uid)
    assert study is not None
    assert not study.text_suspect
