"""An examination from its request to its storage commitment: by the API with a restart in between, and on screen."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import AE, evt

from pacs_node.commitment.model import COMMITMENT_CLASS, WELL_KNOWN_INSTANCE
from pacs_node.procedures.mpps_scp import MPPS
from pacs_node.procedures.worklist_scp import MODALITY_WORKLIST
from shared_kernel.ids import new_uid
from tests.support import region, requesting, scanner
from tests.support.browser import CHROMIUM, chromium, person, picture, sign_in
from tests.support.cases import case_of
from tests.support.hub_process import HubProcess, command, told
from tests.support.objects import CT, ct
from tests.support.region import CLINIC_AE
from tests.support.waiting import until

REQUEST = {
    "patient": {
        "id": "M0003001",
        "name": {"alphabetic": "TAKAHASHI HANAKO", "ideographic": "髙橋 花子", "phonetic": "タカハシ ハナコ"},
        "birth_date": "1970-03-03",
        "sex": "F",
    },
    "modality": "CT",
    "procedure_description": "胸部単純CT",
    "reason": "咳嗽が続く",
    "clinical_history": "喫煙歴 20 年",
    "priority": "urgent",
}


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[HubProcess]:
    """A hub of its own, whose quiet period is longer than any test, with a scanner that may do everything."""
    running = HubProcess(tmp_path / "data", environ={"DOKUEI_QUIET_PERIOD": "3600"}).start()
    region.register(running.data)
    told(running.data, "peer", "set", CLINIC_AE, "--services", "store,worklist,mpps,commitment")
    yield running
    running.stop()


@contextmanager
def associated(hub: HubProcess, sop_class: str, handlers: Any = ()) -> Iterator[Any]:
    ae = AE(CLINIC_AE)
    ae.add_requested_context(sop_class)
    assoc = requesting.associate(ae, *hub.dicom, ae_title=hub.ae_title, evt_handlers=list(handlers))
    assert assoc.is_established
    yield assoc
    assoc.release()


def worklist(hub: HubProcess) -> list[Dataset]:
    """What the scanner's own worklist shows for CT."""
    step = Dataset()
    step.ScheduledStationAETitle, step.Modality = CLINIC_AE, "CT"
    step.ScheduledProcedureStepStartDate = step.ScheduledProcedureStepID = ""
    keys = Dataset()
    keys.SpecificCharacterSet = "ISO_IR 192"
    keys.PatientName = keys.PatientID = keys.AccessionNumber = keys.StudyInstanceUID = ""
    keys.PatientBirthDate = keys.PatientSex = ""
    keys.ScheduledProcedureStepSequence = [step]
    with associated(hub, MODALITY_WORKLIST) as assoc:
        return [item for _, item in assoc.send_c_find(keys, MODALITY_WORKLIST) if item is not None]


def images_of(item: Dataset, count: int) -> list[bytes]:
    """Images of the patient and study of a worklist item, in one series."""
    common = {
        "StudyInstanceUID": item.StudyInstanceUID,
        "SeriesInstanceUID": new_uid(),
        "AccessionNumber": item.AccessionNumber,
        "PatientID": item.PatientID,
        "PatientName": str(item.PatientName),
        "PatientBirthDate": item.PatientBirthDate,
        "PatientSex": item.PatientSex,
    }
    return [ct(**common).file for _ in range(count)]


def references(images: list[bytes]) -> list[Dataset]:
    items = []
    for image in images:
        item = Dataset()
        item.ReferencedSOPClassUID = CT
        item.ReferencedSOPInstanceUID = dcmread(BytesIO(image)).SOPInstanceUID
        items.append(item)
    return items


def begun(item: Dataset) -> Dataset:
    """What the scanner says when it begins."""
    ds = Dataset()
    scheduled = Dataset()
    scheduled.StudyInstanceUID, scheduled.AccessionNumber = item.StudyInstanceUID, item.AccessionNumber
    ds.ScheduledStepAttributesSequence = [scheduled]
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName, ds.PatientID = item.PatientName, item.PatientID
    ds.PerformedProcedureStepID, ds.PerformedStationAETitle, ds.Modality = "PPS1", CLINIC_AE, "CT"
    ds.PerformedProcedureStepStartDate, ds.PerformedProcedureStepStartTime = "20260328", "100000"
    ds.PerformedProcedureStepStatus = "IN PROGRESS"
    return ds


def ended(images: list[bytes]) -> Dataset:
    """What the scanner says when it has ended."""
    ds, series = Dataset(), Dataset()
    ds.PerformedProcedureStepStatus = "COMPLETED"
    ds.PerformedProcedureStepEndDate, ds.PerformedProcedureStepEndTime = "20260328", "101000"
    series.SeriesInstanceUID, series.ReferencedImageSequence = new_uid(), references(images)
    ds.PerformedSeriesSequence = [series]
    return ds


def committed(hub: HubProcess, images: list[bytes]) -> tuple[int, Dataset]:
    """Ask for storage commitment and wait for the result on the same association."""
    reports: queue.Queue[tuple[int, Dataset]] = queue.Queue()

    def take(event: Any) -> tuple[int, None]:
        reports.put((event.request.EventTypeID, event.event_information))
        return 0x0000, None

    said = Dataset()
    said.TransactionUID, said.ReferencedSOPSequence = new_uid(), references(images)
    with associated(hub, COMMITMENT_CLASS, [(evt.EVT_N_EVENT_REPORT, take)]) as assoc:
        status, _ = assoc.send_n_action(said, 1, COMMITMENT_CLASS, WELL_KNOWN_INSTANCE)
        assert status.Status == 0
        return reports.get(timeout=30)


def test_from_the_request_to_the_commitment(clinic: HubProcess) -> None:
    with clinic.client("gishi") as technologist:
        made = technologist.post("/api/requests", json=REQUEST)
        assert made.status_code == 200, made.text
        request = made.json()
    [item] = worklist(clinic)
    assert (item.AccessionNumber, str(item.PatientName)) == (
        request["accession_number"],
        "TAKAHASHI^HANAKO=髙橋^花子=タカハシ^ハナコ",
    )
    step, images = new_uid(), images_of(item, 3)
    with associated(clinic, MPPS) as assoc:
        assert assoc.send_n_create(begun(item), MPPS, step)[0].Status == 0

    clinic.stop()
    clinic.start()
    assert scanner.send(clinic, images[:2], calling=CLINIC_AE) == [0, 0]
    with clinic.client("isha") as doctor:
        case = until(lambda: case_of(doctor, item.StudyInstanceUID, "receiving"), what="the case")
        assert (case["reason"], case["clinical_history"]) == ("咳嗽が続く", "喫煙歴 20 年")
        shown = doctor.get(f"/api/requests/{request['id']}").json()
        assert (shown["state"], shown["performed"]) == ("done", "IN PROGRESS")
    assert worklist(clinic) == []

    with associated(clinic, MPPS) as assoc:
        assert assoc.send_n_set(ended(images), MPPS, step)[0].Status == 0
    with clinic.client("isha") as doctor:
        case = until(lambda: case_of(doctor, item.StudyInstanceUID, "receiving"), what="the case")
        assert (case["instance_count"], case["expected_count"]) == (2, 3)
        assert scanner.send(clinic, images[2:], calling=CLINIC_AE) == [0]
        # The quiet period is an hour: only the MPPS makes it arrive.
        until(lambda: case_of(doctor, item.StudyInstanceUID, "unread"), what="the case to be 未読")
        shown = doctor.get(f"/api/requests/{request['id']}").json()
        assert (shown["instance_count"], shown["expected_count"], shown["performed"]) == (3, 3, "COMPLETED")

    event_type, report = committed(clinic, images)
    assert (event_type, len(report.ReferencedSOPSequence)) == (1, 3)
    proof = told(clinic.data, "study", "commitment", str(item.StudyInstanceUID))
    assert f"{CLINIC_AE}: " in proof
    assert "3 / 3" in proof


def test_a_manifest_by_the_command_line_and_the_api(clinic: HubProcess, tmp_path: Path) -> None:
    study = new_uid()
    images = [ct(StudyInstanceUID=study) for _ in range(2)]
    file = tmp_path / "manifest.json"
    uids = ", ".join(f'{{"sop_instance_uid": "{each.sop_instance}"}}' for each in images)
    file.write_text(f'{{"study_uid": "{study}", "instances": [{uids}]}}')
    assert scanner.send(clinic, [images[0].file], calling=CLINIC_AE) == [0]
    done = command(clinic.data, "study", "manifest", str(file), "--site", "MINATO")
    assert (done.returncode, images[1].sop_instance in done.stdout) == (1, True)
    with clinic.client("gishi") as technologist, clinic.client("yoso") as stranger:
        told_now = technologist.get(f"/api/manifests/{study}").json()
        assert (told_now["here"], told_now["missing"]) == (1, [images[1].sop_instance])
        assert stranger.get(f"/api/manifests/{study}").status_code == 404
        assert scanner.send(clinic, [images[1].file], calling=CLINIC_AE) == [0]
        until(lambda: case_of(technologist, study, "unread"), what="the case to be 未読")
    assert "2 / 2" in told(clinic.data, "study", "manifest", str(file), "--site", "MINATO")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed; make test installs it")
def test_a_request_on_screen(clinic: HubProcess) -> None:
    with chromium() as browser:
        page = person(browser, clinic.url, width=1280, height=960).new_page()
        sign_in(page, "gishi")
        page.get_by_role("link", name="読影依頼").click()
        expect(page.get_by_text("本日の依頼はありません")).to_be_visible(timeout=30_000)
        page.get_by_test_id("request-new").click()
        page.get_by_test_id("request-patient_id").fill("M0003001")
        page.get_by_test_id("request-ideographic").fill("髙橋 花子")
        page.get_by_test_id("request-phonetic").fill("タカハシ ハナコ")
        page.get_by_test_id("request-alphabetic").fill("髙橋")
        page.get_by_test_id("request-birth_date").fill("1970-03-03")
        page.get_by_test_id("request-sex").select_option("F")
        page.get_by_test_id("request-modality").select_option("CT")
        page.get_by_test_id("request-procedure_description").fill("胸部単純CT")
        page.get_by_test_id("request-priority").select_option("urgent")
        page.get_by_test_id("request-reason").fill("咳嗽が続く。肺炎の有無。")
        page.get_by_test_id("request-save").click()
        expect(page.get_by_text("英字で入力してください")).to_be_visible()
        picture(page, "request-refused")
        page.get_by_test_id("request-alphabetic").fill("TAKAHASHI HANAKO")
        page.get_by_test_id("request-save").click()
        row = page.get_by_test_id("request-row")
        expect(row).to_have_count(1)
        [item] = worklist(clinic)
        assert scanner.send(clinic, images_of(item, 3), calling=CLINIC_AE) == [0, 0, 0]
        expect(page.get_by_test_id("request-arrivals")).to_contain_text("3 枚 受信", timeout=30_000)
        expect(row).to_have_attribute("data-state", "done")
        picture(page, "requests")
        row.get_by_role("link").or_(row).first.click()
        expect(page.get_by_role("link", name="症例を開く")).to_be_visible()
        expect(page.get_by_test_id("request-patient_id")).to_be_disabled()
        picture(page, "request-done")

        page.get_by_role("link", name="症例を開く").click()
        expect(page.get_by_text("咳嗽が続く。肺炎の有無。")).to_be_visible(timeout=30_000)

        page.goto("/requests/+new")
        page.get_by_test_id("request-patient_id").fill("M0003001")
        page.get_by_test_id("request-patient_id").blur()
        expect(page.get_by_test_id("request-ideographic")).to_have_value("髙橋 花子")
        page.get_by_test_id("request-modality").select_option("MR")
        page.get_by_test_id("request-save").click()
        page.get_by_test_id("request-tab-open").click()
        page.get_by_test_id("request-row").first.click()
        page.get_by_test_id("request-cancel").click()
        page.get_by_test_id("request-cancel-reason").fill("来院せず")
        page.get_by_test_id("request-cancel-confirm").click()
        expect(page.get_by_test_id("request-facts")).to_contain_text("来院せず")
    assert worklist(clinic) == []
