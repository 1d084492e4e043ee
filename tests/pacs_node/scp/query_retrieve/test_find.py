"""Proves that C-FIND answers what PS3.4 section C.4.1 says, to pynetdicom's and dcmtk's requestors."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation
from sqlalchemy import select
from structlog.testing import capture_logs

from pacs_node.scp.association import NodeAssociation
from pacs_node.scp.query_retrieve.find import FindService
from shared_kernel.audit.tables import AuditRow
from tests.pacs_node.conftest import Hub
from tests.pacs_node.scp.query_retrieve.conftest import PATIENT_FIND, STUDY_FIND, Find, associate, contract, keys
from tests.support.objects import ct
from tests.support.waiting import until


def uids(found: list[Dataset]) -> list[str]:
    return sorted(str(ds.StudyInstanceUID) for ds in found)


def negotiated(sop_class: str, *flags: int) -> list[SOPClassExtendedNegotiation]:
    item = SOPClassExtendedNegotiation()
    item.sop_class_uid, item.service_class_application_information = sop_class, bytes(flags)
    return [item]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ["1.1", "1.2", "1.3"]),
        ({"PatientID": "P-1"}, ["1.1", "1.3"]),
        ({"PatientID": "P-*"}, ["1.1", "1.2", "1.3"]),
        ({"PatientName": "takahashi^*"}, ["1.1", "1.3"]),
        ({"PatientName": "=佐藤^一郎"}, ["1.2"]),
        ({"StudyDate": "20260401"}, ["1.1", "1.2"]),
        ({"StudyDate": "-20251231"}, ["1.3"]),
        ({"StudyDate": "20260101-20261231", "StudyTime": "1200-"}, ["1.2"]),
        ({"StudyInstanceUID": ["1.1", "1.2", "9.9", "2.1"]}, ["1.1", "1.2"]),
        ({"ModalitiesInStudy": ["SR", "MR"]}, ["1.1", "1.2"]),
        ({"AccessionNumber": "A?00"}, ["1.1"]),
        ({"AccessionNumber": "B"}, []),
    ],
)
def test_studies_are_matched(find: Find, values: dict[str, object], expected: list[str]) -> None:
    charset = {"SpecificCharacterSet": "ISO_IR 192"}
    found, statuses = find(keys("STUDY", **charset, **({"StudyInstanceUID": ""} | values)))
    assert (expected, [0xFF00] * len(expected) + [0]) == (uids(found), statuses)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_an_answer_holds_what_was_asked_for(find: Find, syntax: str) -> None:
    wanted = dict.fromkeys(
        ["PatientName", "PatientSex", "StudyTime", "ModalitiesInStudy", "NumberOfStudyRelatedSeries"], ""
    )
    found, _ = find(
        keys(
            "STUDY",
            SpecificCharacterSet="ISO_IR 192",
            StudyInstanceUID="1.1",
            NumberOfStudyRelatedInstances="",
            TimezoneOffsetFromUTC="",
            **wanted,
        ),
        syntax=syntax,
    )
    [answer] = found
    assert "STUDY" == answer.QueryRetrieveLevel
    assert "Takahashi^Hanako=髙橋^花子=たかはし^はなこ" == str(answer.PatientName)
    assert ["CT", "SR"] == list(answer.ModalitiesInStudy)
    assert (2, 3) == (answer.NumberOfStudyRelatedSeries, answer.NumberOfStudyRelatedInstances)
    assert ("DOKUEI", "ONLINE") == (answer.RetrieveAETitle, answer.InstanceAvailability)
    assert ("F", "093000", "+0900") == (answer.PatientSex, answer.StudyTime, answer.TimezoneOffsetFromUTC)
    assert "PatientID" not in answer


@pytest.mark.parametrize(
    ("asked_in", "answered_in", "name"),
    [
        ("", ["", "ISO 2022 IR 87", "ISO 2022 IR 159"], "Takahashi^Hanako=髙橋^花子=たかはし^はなこ"),
        ("ISO_IR 192", ["ISO_IR 192"], "Takahashi^Hanako=髙橋^花子=たかはし^はなこ"),
        (["", "ISO 2022 IR 87"], ["", "ISO 2022 IR 87"], "Takahashi^Hanako=高橋^花子=たかはし^はなこ"),
        # Who names one set need not know code extensions; Orthanc refuses an answer that has them.
        ("ISO_IR 100", ["ISO_IR 192"], "Takahashi^Hanako=髙橋^花子=たかはし^はなこ"),
    ],
)
def test_texts_come_in_the_set_that_the_request_names(
    find: Find, asked_in: str | list[str], answered_in: list[str], name: str
) -> None:
    found, _ = find(keys("STUDY", SpecificCharacterSet=asked_in, StudyInstanceUID="1.3", PatientName=""))
    declared = found[0].SpecificCharacterSet
    assert name == str(found[0].PatientName)
    if asked_in:
        assert answered_in == (list(declared) if not isinstance(declared, str) else [declared])


@pytest.mark.parametrize(
    ("own", "asked_in", "answered_in", "name"),
    [
        ({"answers_in": "ISO_IR 100"}, "ISO_IR 192", None, "Takahashi^Hanako"),
        ({"answers_in": "ISO_IR 13"}, "ISO_IR 192", "ISO_IR 13", "Takahashi^Hanako==ﾀｶﾊｼ^ﾊﾅｺ"),
        (
            {"answers_in": "ISO 2022 IR 13\\ISO 2022 IR 87"},
            "ISO_IR 192",
            ["", "ISO 2022 IR 87"],
            "Takahashi^Hanako=高橋^花子=たかはし^はなこ",
        ),
        (
            {"character_set": "\\ISO 2022 IR 87"},
            "",
            ["", "ISO 2022 IR 87"],
            "Takahashi^Hanako=高橋^花子=たかはし^はなこ",
        ),
        ({"character_set": "SHIFT_JIS"}, "ISO_IR 192", "ISO_IR 192", "Takahashi^Hanako=髙橋^花子=たかはし^はなこ"),
        ({"answers_in": "ISO_IR 192", "character_set": "ISO_IR 13"}, "", "ISO_IR 192", None),
    ],
)
def test_texts_come_in_the_set_of_the_peer_whatever_it_asks_in(
    hub: Hub, find: Find, own: dict[str, str], asked_in: str, answered_in: object, name: str | None
) -> None:
    with hub.database.write() as session:
        hub.peers.change(session, "FINDER", **own)
    identifier = keys("STUDY", StudyInstanceUID="1.3", PatientName="", PatientID="")
    if asked_in:
        identifier.SpecificCharacterSet = asked_in
    [found], _ = find(identifier)
    declared = found.get("SpecificCharacterSet")
    assert answered_in == (declared if declared is None or isinstance(declared, str) else list(declared))
    assert (name or "Takahashi^Hanako=髙橋^花子=たかはし^はなこ", "P-1") == (str(found.PatientName), found.PatientID)


def test_a_code_that_ascii_can_not_say_is_answered_empty(hub: Hub, find: Find) -> None:
    clear = ct(StudyInstanceUID="1.9", SeriesInstanceUID="1.9.1", BodyPartExamined="XXXXXX").file
    hub.store(clear.replace(b"XXXXXX", "頭部".encode()))
    for charset in ("ISO_IR 192", "", "ISO_IR 100"):
        asked = keys("SERIES", SpecificCharacterSet=charset, StudyInstanceUID="1.9", BodyPartExamined="", Modality="")
        [answer], _ = find(asked)
        assert ("", "CT") == (answer.BodyPartExamined, answer.Modality)


@pytest.mark.parametrize(
    ("own", "patient_id", "accession_number", "answered"),
    [
        ({"answers_in": "ISO_IR 6"}, "１２３", "Ａ１", ("", "")),
        ({"answers_in": "ISO_IR 13"}, "１２３", "Ａ１", ("", "")),
        ({"answers_in": "ISO_IR 100"}, "１２３", "A1", ("", "A1")),
        ({"character_set": "\\ISO 2022 IR 87"}, "É①2", "１", ("", "１")),
        ({"answers_in": "ISO_IR 192"}, "É①2", "Ａ１", ("É①2", "Ａ１")),
        ({}, "É①2", "Ａ１", ("É①2", "Ａ１")),
    ],
)
def test_an_id_that_the_peer_s_set_can_t_say_is_left_out_never_another_one(
    hub: Hub, find: Find, own: dict[str, str], patient_id: str, accession_number: str, answered: tuple[str, str]
) -> None:
    ids = {"PatientID": patient_id, "AccessionNumber": accession_number, "StudyID": accession_number}
    hub.store(ct(SpecificCharacterSet="ISO_IR 192", StudyInstanceUID="1.9", PatientName="A^B", **ids).file)
    with hub.database.write() as session:
        hub.peers.change(session, "FINDER", **own)
    with capture_logs() as logs:
        [found], statuses = find(keys("STUDY", StudyInstanceUID="1.9", PatientName="", **dict.fromkeys(ids, "")))
    assert statuses == [0xFF00, 0]
    assert ((found.PatientID or "", found.AccessionNumber or ""), str(found.PatientName)) == (answered, "A^B")
    assert (found.StudyID or "") == answered[1]
    told = [line["keywords"] for line in logs if line["event"] == "text.identifiers_left_out"]
    said = {"AccessionNumber": answered[1], "PatientID": answered[0], "StudyID": answered[1]}
    left_out = " ".join(keyword for keyword, value in said.items() if not value)
    assert told == ([left_out] if left_out else [])


def test_a_name_in_a_japanese_set_is_found(find: Find) -> None:
    found, _ = find(
        keys("STUDY", SpecificCharacterSet=["", "ISO 2022 IR 87"], StudyInstanceUID="", PatientName="SATO*=佐藤^一郎*")
    )
    assert ["1.2"] == uids(found)


@pytest.mark.parametrize("name", ["たかはし", "ﾀｶﾊｼ", "高橋", "髙橋", "takahashi"])
def test_fuzzy_matching_is_negotiated(find: Find, name: str) -> None:
    identifier = keys("STUDY", SpecificCharacterSet="ISO_IR 192", StudyInstanceUID="", PatientName=name)
    assert [] == find(identifier)[0]
    found, _ = find(identifier, ext_neg=negotiated(STUDY_FIND, 0, 0, 1))
    assert ["1.1", "1.3"] == uids(found)


def test_only_what_we_support_is_agreed_on(asked: tuple[str, int]) -> None:
    assoc = associate(asked, STUDY_FIND, ext_neg=negotiated(STUDY_FIND, 1, 1, 1, 1, 1))
    assert {STUDY_FIND: b"\1\1\1\1\0"} == assoc.acceptor.sop_class_extended
    assoc.release()


def test_date_and_time_are_one_moment_when_negotiated(find: Find) -> None:
    identifier = keys("STUDY", StudyInstanceUID="", StudyDate="20250115-20260401", StudyTime="220000-100000")
    apart, _ = find(identifier)
    together, _ = find(identifier, ext_neg=negotiated(STUDY_FIND, 0, 1))
    assert ([], ["1.1", "1.3"]) == (uids(apart), uids(together))


def test_a_request_in_another_time_zone_is_moved(find: Find) -> None:
    # 2026-04-01 09:30 in Japan is 00:30 of that day in UTC.
    identifier = keys(
        "STUDY", StudyInstanceUID="", StudyDate="20260401", StudyTime="0000-0100", TimezoneOffsetFromUTC="+0000"
    )
    found, _ = find(identifier, ext_neg=negotiated(STUDY_FIND, 0, 1, 0, 1))
    assert ["1.1"] == uids(found)
    assert ("20260401", "093000", "+0900") == (
        found[0].StudyDate, found[0].StudyTime, found[0].TimezoneOffsetFromUTC
    )  # fmt: skip
    assert [] == find(identifier)[0]  # not negotiated, it moves nothing


def test_a_series_in_another_time_zone_is_moved_and_a_time_needs_its_date(hub: Hub, find: Find) -> None:
    at = {"SeriesDate": "20260402", "SeriesTime": "080000", "StudyDate": "20260402", "StudyTime": "080000"}
    hub.store(ct(StudyInstanceUID="1.7", SeriesInstanceUID="1.7.1", **at).file)
    adjusted = negotiated(STUDY_FIND, 0, 0, 0, 1)
    utc = {"StudyInstanceUID": "1.7", "SeriesInstanceUID": "", "TimezoneOffsetFromUTC": "+0000"}
    found, _ = find(keys("SERIES", SeriesDate="20260401", SeriesTime="2200-2330", **utc), ext_neg=adjusted)
    assert ["1.7.1"] == [ds.SeriesInstanceUID for ds in found]
    assert [] == find(keys("SERIES", SeriesDate="20260402", **utc), ext_neg=adjusted)[0]
    assert ([], [0xA900]) == find(keys("SERIES", SeriesTime="2200-2330", **utc), ext_neg=adjusted)


def test_the_time_zone_is_said_where_it_was_negotiated(find: Find) -> None:
    identifier = keys("STUDY", StudyInstanceUID="1.1")
    [plain], _ = find(identifier)
    [explicit], _ = find(identifier, ext_neg=negotiated(STUDY_FIND, 0, 0, 0, 1))
    assert "TimezoneOffsetFromUTC" not in plain
    assert "+0900" == explicit.TimezoneOffsetFromUTC


def test_patients_are_counted(find: Find) -> None:
    wanted = ["NumberOfPatientRelatedStudies", "NumberOfPatientRelatedSeries", "NumberOfPatientRelatedInstances"]
    found, statuses = find(keys("PATIENT", PatientID="", **dict.fromkeys(wanted, "")), PATIENT_FIND)
    counts = {ds.PatientID: tuple(int(ds[keyword].value) for keyword in wanted) for ds in found}
    assert {"P-1": (2, 3, 4), "P-2": (1, 1, 1)} == counts
    assert [0xFF00, 0xFF00, 0] == statuses


def test_each_site_s_patient_is_one_answer_with_its_issuer(hub: Hub, find: Find) -> None:
    contract(hub)
    of = dict.fromkeys(["IssuerOfPatientID", "NumberOfPatientRelatedStudies"], "")
    found, _ = find(keys("PATIENT", PatientID="P-2", **of), PATIENT_FIND, calling="READER")
    assert {("CLINIC", 1), ("OTHER", 1)} == {
        (ds.IssuerOfPatientID, int(ds.NumberOfPatientRelatedStudies)) for ds in found
    }
    [one], _ = find(keys("PATIENT", PatientID="P-2", IssuerOfPatientID="OTHER"), PATIENT_FIND, calling="READER")
    assert ("P-2", "OTHER") == (one.PatientID, one.IssuerOfPatientID)


def test_series_and_instances_are_found_below_their_study(find: Find) -> None:
    series, _ = find(keys("SERIES", StudyInstanceUID="1.1", SeriesInstanceUID="", Modality="SR", SeriesNumber=""))
    assert [("1.1.2", 2)] == [(ds.SeriesInstanceUID, ds.SeriesNumber) for ds in series]
    images, _ = find(
        keys(
            "IMAGE", StudyInstanceUID="1.1", SeriesInstanceUID="1.1.1", SOPInstanceUID="", InstanceNumber="", Rows=None
        )
    )
    assert [("1.1.1.1", 1, 16), ("1.1.1.2", 2, 16)] == sorted(
        (ds.SOPInstanceUID, ds.InstanceNumber, ds.Rows) for ds in images
    )


def test_relational_queries_need_no_keys_from_above_when_negotiated(find: Find) -> None:
    identifier = keys("SERIES", PatientID="P-1", SeriesInstanceUID="")
    assert ([], [0xA900]) == find(identifier)
    found, statuses = find(identifier, ext_neg=negotiated(STUDY_FIND, 1))
    assert (3, 0) == (len(found), statuses[-1])


@pytest.mark.parametrize(
    ("identifier", "sop_class"),
    [
        (keys("PATIENT", PatientID=""), STUDY_FIND),
        (keys("FRAME", StudyInstanceUID=""), STUDY_FIND),
        (keys("STUDY", StudyInstanceUID=""), PATIENT_FIND),
        (keys("STUDY", StudyInstanceUID="", PatientID="P*"), PATIENT_FIND),
        (keys("SERIES", SeriesInstanceUID=""), STUDY_FIND),
        (keys("IMAGE", StudyInstanceUID="1.1", SOPInstanceUID=""), STUDY_FIND),
        (keys("STUDY", StudyInstanceUID="", StudyDate="20260401", StudyTime="2500"), STUDY_FIND),
    ],
)
def test_an_identifier_that_does_not_fit_is_refused(find: Find, identifier: Dataset, sop_class: str) -> None:
    assert ([], [0xA900]) == find(identifier, sop_class)


def test_keys_that_are_not_indexed_are_told_and_left_out(find: Find) -> None:
    found, statuses = find(keys("STUDY", StudyInstanceUID="1.1", StudyComments="", PatientWeight="60"))
    assert [0xFF01, 0] == statuses
    assert "PatientWeight" not in found[0]


def test_no_other_sites_study_is_found(find: Find) -> None:
    found, _ = find(keys("STUDY", StudyInstanceUID="2.1"))
    assert [] == found
    found, _ = find(keys("STUDY", StudyInstanceUID=""), calling="OTHER_FINDER")
    assert ["2.1"] == uids(found)


def test_a_peer_without_the_service_is_not_answered(asked: tuple[str, int]) -> None:
    assoc = associate(asked, STUDY_FIND, calling="STORE_ONLY")
    assert not assoc.is_established or not assoc.accepted_contexts
    assoc.abort()


def test_each_query_leaves_a_line_in_the_trail(hub: Hub, find: Find) -> None:
    find(keys("STUDY", StudyInstanceUID="", PatientID="P-1"))
    with hub.database.read() as session:
        rows = session.scalars(select(AuditRow).filter_by(resource="query/STUDY")).all()
    assert [("ae:FINDER", "C-FIND by PatientID")] == [(row.actor, row.reason) for row in rows]


def test_many_answers_come_in_pages_and_can_be_cancelled(hub: Hub, asked: tuple[str, int]) -> None:
    for number in range(450):
        hub.store(ct(StudyInstanceUID=f"3.{number}", StudyDate="20200101", PatientID="P-9", pixels=b"").file)
    assoc = associate(asked, STUDY_FIND)
    identifier = keys("STUDY", StudyInstanceUID="", StudyDate="20200101")
    found = [str(ds.StudyInstanceUID) for _, ds in assoc.send_c_find(identifier, STUDY_FIND) if ds]
    assert sorted(f"3.{number}" for number in range(450)) == sorted(found)
    assoc.release()


def test_a_cancelled_query_ends_with_fe00(asked: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    def wait_for_the_cancel(_service: FindService, association: NodeAssociation, _question: object) -> None:
        until(lambda: association.dimse.cancel_req, what="the cancel")

    monkeypatch.setattr(FindService, "_note", wait_for_the_cancel)
    assoc = associate(asked, STUDY_FIND)
    answers = assoc.send_c_find(keys("STUDY", StudyInstanceUID=""), STUDY_FIND, msg_id=7)
    assoc.send_c_cancel(7, query_model=STUDY_FIND)
    assert [0xFE00] == [status.Status for status, _ in answers]
    assert [0xFF00] * 3 + [0] == [status.Status for status, _ in _again(assoc, monkeypatch)]
    assoc.release()


def test_a_cancel_that_came_too_late_does_not_meet_the_next_query(asked: tuple[str, int]) -> None:
    assoc = associate(asked, STUDY_FIND)
    whole = [0xFF00] * 3 + [0]
    for _ in range(2):
        answers = assoc.send_c_find(keys("STUDY", StudyInstanceUID=""), STUDY_FIND, msg_id=7)
        assert whole == [status.Status for status, _ in answers]
        assoc.send_c_cancel(7, query_model=STUDY_FIND)
    assoc.release()


def _again(assoc: Association, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Dataset, Dataset | None]]:
    """The same query on the same association, not cancelled."""
    monkeypatch.undo()
    return assoc.send_c_find(keys("STUDY", StudyInstanceUID=""), STUDY_FIND, msg_id=9)


@pytest.mark.peer
def test_dcmtk_finds_studies(asked: tuple[str, int]) -> None:
    host, port = asked
    words = ["-S", "-aet", "FINDER", "-aec", "DOKUEI", "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID"]
    done = subprocess.run(
        ["findscu", *words, "-k", "PatientID=P-1", "-v", host, str(port)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    told = done.stdout + done.stderr
    assert 2 == told.count("Find Response:")
    assert "Success" in told
