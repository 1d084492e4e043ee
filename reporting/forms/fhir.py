"""The report as FHIR R4 DiagnosticReport, along JP_DiagnosticReport_Radiology (JP Core 1.2)."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, datetime
from typing import Any

from reporting.signed import PatientPart, SignedReport, SitePart

LOINC = "http://loinc.org"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
_IDENTIFIER_TYPE = "http://terminology.hl7.org/CodeSystem/v2-0203"
_REPRESENTATION = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation"
# JP Core: the institution code's ten digits follow the last 1, so that the last arc has eleven.
_LOCAL_PATIENT_ID = "urn:oid:1.2.392.100495.20.3.51.1"
_INSTITUTION_CODE = re.compile(r"\d{10}")
_GENDER = {"M": "male", "F": "female", "O": "other"}

Resource = dict[str, Any]
FINDINGS: Resource = {"system": LOINC, "code": "18782-3", "display": "Radiology Study observation (narrative)"}
IMPRESSION: Resource = {
    "system": LOINC,
    "code": "19005-8",
    "display": "Radiology Imaging study [Impression] (narrative)",
}


def diagnostic_report(report: SignedReport, content_sha256: str, pdf: bytes) -> Resource:
    """A signed version as a DiagnosticReport with its patient and observations contained.

    The status of a first signed version is `final`. Elements without a value are left out, as FHIR
    knows no empty ones.
    """
    observations = [
        _observation(report, "findings", FINDINGS, report.findings),
        _observation(report, "impression", IMPRESSION, report.impression),
    ]
    given = [observation for observation in observations if observation]
    study = report.study
    resource: Resource = _without_nothing(
        {
            "resourceType": "DiagnosticReport",
            "id": report.report_id,
            "meta": {
                "versionId": str(report.version),
                "lastUpdated": instant(report.signed_at),
            },
            "language": "ja",
            "contained": [_patient(report.patient, report.site), *given],
            "identifier": [{"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{_uuid(report.report_id)}"}],
            "basedOn": [
                {
                    "type": "ServiceRequest",
                    "identifier": {
                        "type": {"coding": [{"system": _IDENTIFIER_TYPE, "code": "ACSN"}]},
                        "value": study.accession_number,
                        "assigner": _site(report.site),
                    },
                }
            ]
            if study.accession_number
            else None,
            "status": "final",
            "category": [
                {"coding": [{"system": LOINC, "code": "LP29684-5", "display": "Radiology"}]},
                *({"coding": [{"system": DICOM, "code": modality}]} for modality in study.modalities),
            ],
            "code": {
                "coding": [{"system": LOINC, "code": "18748-4", "display": "Diagnostic imaging study"}],
                "text": study.description or None,
            },
            "subject": {
                "reference": "#patient",
                "type": "Patient",
                "identifier": _patient_identifier(report.patient, report.site),
                "display": report.patient.ideographic or report.patient.alphabetic or None,
            },
            "effectiveDateTime": instant(report.created_at),
            "issued": instant(report.signed_at),
            "performer": [_site(report.reading_site)],
            "resultsInterpreter": [
                {
                    "type": "Practitioner",
                    "identifier": {"value": report.signed_by.login, "assigner": _site(report.reading_site)},
                    "display": report.signed_by.name,
                }
            ],
            "result": [{"reference": f"#{observation['id']}"} for observation in given],
            "imagingStudy": [
                {
                    "type": "ImagingStudy",
                    "identifier": {"system": "urn:dicom:uid", "value": f"urn:oid:{study.study_uid}"},
                }
            ],
            "conclusion": report.impression if report.impression.strip() else None,
            "presentedForm": [
                {
                    "contentType": "application/pdf",
                    "language": "ja",
                    "url": f"/api/reports/{report.report_id}/pdf",
                    "size": len(pdf),
                    # FHIR R4 wants SHA-1 here; what was signed is told by the SHA-256 in the title.
                    "hash": base64.b64encode(hashlib.sha1(pdf, usedforsecurity=False).digest()).decode(),
                    "title": f"読影レポート 第{report.version}版 SHA-256 {content_sha256}",
                    "creation": instant(report.signed_at),
                }
            ],
        }
    )
    return resource


def instant(at: datetime) -> str:
    """A FHIR instant in UTC, in milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _observation(report: SignedReport, name: str, coding: Resource, text: str) -> Resource | None:
    if not text.strip():
        return None
    return {
        "resourceType": "Observation",
        "id": name,
        "status": "final",
        "code": {"coding": [coding]},
        "subject": {"reference": "#patient"},
        "effectiveDateTime": instant(report.created_at),
        "issued": instant(report.signed_at),
        "valueString": text,
    }


def _patient(patient: PatientPart, site: SitePart) -> Resource:
    groups = (("IDE", patient.ideographic), ("SYL", patient.phonetic), ("ABC", patient.alphabetic))
    return {
        "resourceType": "Patient",
        "id": "patient",
        "identifier": [_patient_identifier(patient, site)],
        "name": [
            {"extension": [{"url": _REPRESENTATION, "valueCode": code}], "use": "official", "text": text}
            for code, text in groups
            if text
        ],
        "gender": _GENDER.get(patient.sex, "unknown"),
        "birthDate": patient.birth_date.isoformat() if patient.birth_date else None,
    }


def _patient_identifier(patient: PatientPart, site: SitePart) -> Resource:
    """The local ID: with JP Core's system where the issuer has an institution code, else named by its assigner."""
    institution = patient.issuer if _INSTITUTION_CODE.fullmatch(patient.issuer) else None
    issuer = site if patient.issuer == site.code else SitePart(code=patient.issuer, name=patient.issuer)
    return {
        "system": f"{_LOCAL_PATIENT_ID}{institution}" if institution else None,
        "value": patient.id,
        "assigner": _site(issuer),
    }


def _site(site: SitePart) -> Resource:
    return {"type": "Organization", "identifier": {"value": site.code}, "display": site.name}


def _uuid(report_id: str) -> str:
    return "-".join((report_id[:8], report_id[8:12], report_id[12:16], report_id[16:20], report_id[20:]))


def _without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _without_nothing(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in (None, "", [], {})}
    if isinstance(value, list):
        return [_without_nothing(item) for item in value]
    return value
