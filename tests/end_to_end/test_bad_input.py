"""Bad input to a running hub: each gets its own clear error, nothing is lost or half done, the hub works on."""

from __future__ import annotations

import io
from typing import Any

import httpx2
import pydicom
import pytest
from pynetdicom import AE

from test_data.small import small_ct_series, small_instance
from tests.support import requesting, scanner
from tests.support.cases import case_of
from tests.support.hub_process import PASSWORD, HubProcess, told
from tests.support.region import CLINIC_AE, OTHER_CLINIC_AE
from tests.support.waiting import until

VERIFICATION = "1.2.840.10008.1.1"
BOUNDARY = "part-of-a-test"


def stow(client: httpx2.Client, *parts: bytes) -> httpx2.Response:
    head = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    body = b"".join(head + part + b"\r\n" for part in parts)
    return client.post(
        "/dicomweb/studies",
        content=body + f"--{BOUNDARY}--\r\n".encode(),
        headers={
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}',
            "Accept": "application/dicom+json",
        },
    )


def error_of(answer: httpx2.Response) -> dict[str, Any]:
    error: dict[str, Any] = answer.json()["error"]
    assert error["message"]["ja"]
    assert error["message"]["en"]
    assert error["next_step"]["ja"]
    assert error["next_step"]["en"]
    return error


def study_uid_of(data: bytes) -> str:
    return str(pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True).StudyInstanceUID)


def claimed_case(hub: HubProcess, reader: httpx2.Client, seed: int) -> str:
    objects = small_ct_series(seed=seed)
    scanner.send(hub, objects, calling=CLINIC_AE)
    case = until(lambda: case_of(reader, study_uid_of(objects[0]), "unread"), what="the case to be 未読")
    url = f"/api/cases/{case['id']}"
    assert reader.post(f"{url}/claim").status_code == 200
    return url


@pytest.mark.parametrize(
    ("calling", "called", "reason"),
    [("NOBODY", None, 0x03), ("MINATO_CT", "SOMEBODY", 0x07)],
)
def test_an_unknown_ae_is_rejected_with_the_reason(
    hub: HubProcess, calling: str, called: str | None, reason: int
) -> None:
    ae = AE(ae_title=calling)
    ae.add_requested_context(VERIFICATION)
    assoc = requesting.associate(ae, *hub.dicom, ae_title=called or hub.ae_title)
    assert assoc.is_rejected
    assert assoc.acceptor.primitive.result_source == 0x01
    assert assoc.acceptor.primitive.diagnostic == reason


def test_a_wrong_password(hub: HubProcess) -> None:
    with hub.client() as client:
        answer = client.post("/api/session", json={"login": "isha", "password": "wrong"})
        assert answer.status_code == 401
        assert error_of(answer)["code"] == "wrong_password"
        assert "set-cookie" not in answer.headers


def test_a_cookie_is_no_use_to_another_sites_page(hub: HubProcess) -> None:
    with hub.client() as client:
        own = {"Origin": hub.url}
        answer = client.post("/api/session", json={"login": "isha", "password": PASSWORD}, headers=own)
        assert answer.status_code == 200
        assert "HttpOnly" in answer.headers["set-cookie"]
        assert "SameSite=strict" in answer.headers["set-cookie"]
        assert client.get("/api/session").json()["person"]["login"] == "isha"
        for headers in ({"Origin": "http://evil.example"}, {}):
            refused = client.delete("/api/session", headers=headers)
            assert (refused.status_code, error_of(refused)["code"]) == (403, "foreign_origin")
        assert client.delete("/api/session", headers=own).status_code == 204
        assert client.get("/api/session").status_code == 401


def test_a_study_of_another_site_can_not_be_added_to(hub: HubProcess) -> None:
    objects = small_ct_series(seed=201)
    assert scanner.send(hub, objects[:1], calling=CLINIC_AE) == [0]
    assert scanner.send(hub, objects[1:2], calling=OTHER_CLINIC_AE) == [0x0124]
    with hub.client("yoso") as stranger:
        answer = stow(stranger, objects[1])
        assert answer.status_code == 409
        assert "00081198" in answer.json()
    with hub.client("dokuei1") as reader:
        found = reader.get("/dicomweb/studies", params={"StudyInstanceUID": study_uid_of(objects[0])}).json()
        assert found[0]["00201208"]["Value"] == [1]


def test_other_bytes_under_a_known_uid_are_refused_and_change_nothing(hub: HubProcess) -> None:
    first = small_instance(seed=202)
    other = small_instance(seed=202, PatientName="ANOTHER^NAME")
    assert scanner.send(hub, [first], calling=CLINIC_AE) == [0]
    assert scanner.send(hub, [first, other, first], calling=CLINIC_AE) == [0, 0x0111, 0]
    with hub.client("dokuei1") as reader:
        metadata = reader.get(f"/dicomweb/studies/{study_uid_of(first)}/metadata").json()
    assert len(metadata) == 1
    assert metadata[0]["00100010"]["Value"][0]["Alphabetic"] != "ANOTHER^NAME"


def test_a_file_that_is_no_dicom_does_not_stop_its_neighbours(hub: HubProcess) -> None:
    good = small_instance(seed=203)
    with hub.client("gishi") as client:
        answer = stow(client, b"This is no DICOM file.", good)
        assert answer.status_code == 202
        told = answer.json()
        assert len(told["0008119A"]["Value"]) == 1  # OtherFailuresSequence: what is no instance has no UID to name
        assert len(told["00081199"]["Value"]) == 1
        nothing = stow(client, b"nor this")
        assert nothing.status_code in {400, 409}


def test_a_body_that_is_too_large(hub: HubProcess) -> None:
    with hub.client("isha") as client:
        answer = client.put("/api/cases/any/request", content=b"x" * (2 * 2**20))
        assert answer.status_code == 413
        assert error_of(answer)["details"]["limit_bytes"] == 2**20


def test_a_report_signed_twice_and_a_stale_draft(hub: HubProcess) -> None:
    with hub.client("dokuei1") as reader, hub.client("dokuei2") as other:
        url = claimed_case(hub, reader, seed=204)
        taken = other.post(f"{url}/claim")
        assert (taken.status_code, error_of(taken)["code"]) == (409, "case_taken")
        assert error_of(taken)["details"]["reader"]["login"] == "dokuei1"

        text = {"findings": "所見", "impression": "診断"}
        first = reader.put(f"{url}/report/draft", json=text | {"revision": 0}).json()
        second = reader.put(f"{url}/report/draft", json={"findings": "新", "impression": "新", "revision": 1}).json()
        stale = reader.put(f"{url}/report/draft", json=text | {"revision": first["revision"]})
        assert (stale.status_code, error_of(stale)["code"]) == (409, "stale_draft")
        assert error_of(stale)["details"]["current"]["findings"] == "新"

        assert reader.post(f"{url}/report/sign", json={"revision": first["revision"]}).status_code == 409
        assert reader.post(f"{url}/report/sign", json={"revision": second["revision"]}).status_code == 200
        again = reader.post(f"{url}/report/sign", json={"revision": second["revision"]})
        assert (again.status_code, error_of(again)["code"]) == (409, "already_signed")
        assert reader.get(f"{url}/report").json()["version"] == 1


def test_everything_but_health_wants_to_know_who_asks(hub: HubProcess) -> None:
    with hub.client("kanri") as client:
        paths = client.get("/api/openapi.json").json()["paths"]
    with hub.client() as nobody:
        for path, methods in paths.items():
            for method, told in methods.items():
                if told.get("security") == []:
                    continue
                answer = nobody.request(method.upper(), path.replace("{", "").replace("}", ""), json={})
                assert answer.status_code == 401, (method, path)
        for path in ("/dicomweb/studies", "/dicomweb/studies/1.2/metadata", "/api/openapi.json", "/fhir/x"):
            assert nobody.get(path).status_code == 401
        assert nobody.post("/dicomweb/studies", content=b"").status_code == 401
        assert nobody.get("/healthz").status_code == 200


def test_images_of_another_patient_stop_the_signature(hub: HubProcess) -> None:
    """S3 in small: an image in the same study that names somebody else is kept, marked, and nothing is signed."""
    with hub.client("dokuei1") as reader:
        objects = small_ct_series(seed=205)
        scanner.send(hub, objects[:2], calling=CLINIC_AE)
        case = until(lambda: case_of(reader, study_uid_of(objects[0]), "unread"), what="the case to be 未読")
        url = f"/api/cases/{case['id']}"
        reader.post(f"{url}/claim")
        text = {"findings": "所見", "impression": "診断", "revision": 0}
        draft = reader.put(f"{url}/report/draft", json=text).json()

        stranger = pydicom.dcmread(io.BytesIO(objects[2]))
        stranger.PatientID, stranger.PatientName, stranger.PatientBirthDate = "", "鈴木^花子", "19990101"
        stranger.SpecificCharacterSet = "ISO_IR 192"
        made = io.BytesIO()
        stranger.save_as(made)
        assert scanner.send(hub, [made.getvalue()], calling=CLINIC_AE) == [0]

        marked = until(lambda: (found := reader.get(url).json())["identity_conflict"] and found, what="the mark")
        assert marked["patient"] == case["patient"]
        refused = reader.post(f"{url}/report/sign", json={"revision": draft["revision"]})
        assert (refused.status_code, error_of(refused)["code"]) == (409, "identity_conflict")
        assert reader.get(f"{url}/report").json()["state"] == "draft"

        with hub.client("gishi") as technologist:
            questions = technologist.get("/api/patient-questions").json()["questions"]
            (question,) = [each for each in questions if each["study"]["study_uid"] == case["study_uid"]]
            said = {"holds": "known", "reason": "入力の誤り"}
            decided = technologist.post(f"/api/patient-questions/{question['id']}/match", json=said)
            assert decided.status_code == 200
        until(lambda: not reader.get(url).json()["identity_conflict"], what="the mark to go")
        assert reader.post(f"{url}/report/sign", json={"revision": draft["revision"]}).status_code == 200


def test_an_image_replaced_just_before_the_signature_stops_it_once(hub: HubProcess) -> None:
    with hub.client("dokuei1") as reader:
        objects = small_ct_series(seed=207)
        scanner.send(hub, objects[:2], calling=CLINIC_AE)
        case = until(lambda: case_of(reader, study_uid_of(objects[0]), "unread"), what="the case to be 未読")
        url = f"/api/cases/{case['id']}"
        reader.post(f"{url}/claim")
        seen = reader.get(url).json()["versions_replaced"]
        text = {"findings": "所見", "impression": "診断", "revision": 0}
        draft = reader.put(f"{url}/report/draft", json=text).json()

        corrected = pydicom.dcmread(io.BytesIO(objects[1]))
        corrected.SeriesDescription = "CORRECTED"
        made = io.BytesIO()
        corrected.save_as(made)
        told(hub.data, "peer", "set", CLINIC_AE, "--on-different-content", "new-version")
        try:
            assert scanner.send(hub, [made.getvalue()], calling=CLINIC_AE) == [0]
        finally:
            told(hub.data, "peer", "set", CLINIC_AE, "--on-different-content", "reject")

        signature = {"revision": draft["revision"], "seen_images_replaced": seen}
        refused = reader.post(f"{url}/report/sign", json=signature)
        assert (refused.status_code, error_of(refused)["code"]) == (409, "images_replaced")
        now = reader.get(url).json()
        assert (now["images_replaced"], now["versions_replaced"]) == (1, seen + 1)
        signature["seen_images_replaced"] = now["versions_replaced"]
        assert reader.post(f"{url}/report/sign", json=signature).status_code == 200
        read = until(
            lambda: (found := reader.get(url).json())["state"] == "read" and found, what="the case to be 読影済"
        )
        assert read["images_replaced"] == 1


def test_a_report_of_thousands_of_lines_is_refused(hub: HubProcess) -> None:
    with hub.client("dokuei1") as reader:
        url = claimed_case(hub, reader, seed=206)
        refused = reader.put(f"{url}/report/draft", json={"findings": "\n" * 2001, "impression": "", "revision": 0})
        assert (refused.status_code, error_of(refused)["code"]) == (422, "too_many_lines")
