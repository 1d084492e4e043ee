"""The answer to a store request: what became of each instance (PS3.18 section 10.5.3, PS3.18 annex I)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dicomweb.dicom_json.attributes import attribute
from pacs_node.errors import InstanceRefused, NotDicom
from pacs_node.ingest.service import Stored
from shared_kernel.errors import DokueiError, Forbidden, NotFound

PROCESSING_FAILURE = 0x0110
NOT_AUTHORISED = 0x0124

_OK, _SOME, _NONE = 200, 202, 409


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One part that was not stored; the UIDs are those it claimed, empty where it claimed none."""

    failure_reason: int
    code: str
    http_status: int
    sop_class_uid: str = ""
    sop_instance_uid: str = ""


Result = Stored | Refused


def refused(error: Exception, sop_class_uid: str = "", sop_instance_uid: str = "") -> Refused:
    """What the client is told of an error met while storing one part."""
    reason, code, status = PROCESSING_FAILURE, "internal_error", 500
    if isinstance(error, InstanceRefused):
        reason, code, status = error.failure_reason, error.code, error.http_status
    elif isinstance(error, Forbidden | NotFound):
        reason, code, status = NOT_AUTHORISED, error.code, error.http_status
    elif isinstance(error, DokueiError):
        code, status = error.code, error.http_status
    return Refused(
        failure_reason=reason,
        code=code,
        http_status=status,
        sop_class_uid=sop_class_uid,
        sop_instance_uid=sop_instance_uid,
    )


def not_dicom(content_type: str) -> Refused:
    """A part that says itself that it is something else."""
    error = NotDicom(content_type=content_type)
    return Refused(failure_reason=error.failure_reason, code=error.code, http_status=error.http_status)


def status_of(results: Sequence[Result]) -> int:
    """200 for all stored, 202 for some, 409 for none (PS3.18 table 10.5.3-1)."""
    stored = sum(isinstance(result, Stored) for result in results)
    return _OK if stored == len(results) else _SOME if stored else _NONE


def store_instances_response(service: str, results: Sequence[Result]) -> dict[str, Any]:
    """The Store Instances Response module (PS3.18 table I.1-1) as DICOM JSON."""
    answer: dict[str, Any] = {}
    stored = [result for result in results if isinstance(result, Stored)]
    studies = {result.study_uid for result in stored}
    if len(studies) == 1:
        answer |= attribute("RetrieveURL", f"{service}/studies/{studies.pop()}")
    if stored:
        answer |= attribute("ReferencedSOPSequence", [_stored_item(service, result) for result in stored])
    failed = [result for result in results if isinstance(result, Refused)]
    # A failure that belongs to no known instance has a sequence of its own, without UIDs.
    named = [_failed_item(result) for result in failed if result.sop_instance_uid]
    nameless = [attribute("FailureReason", result.failure_reason) for result in failed if not result.sop_instance_uid]
    if named:
        answer |= attribute("FailedSOPSequence", named)
    if nameless:
        answer |= attribute("OtherFailuresSequence", nameless)
    return dict(sorted(answer.items()))


def summary(results: Sequence[Result]) -> dict[str, Any]:
    """The same for the details of an error: what is safely stored, and what was refused and why."""
    return {
        "stored": [result.sop_instance_uid for result in results if isinstance(result, Stored)],
        "refused": [
            {"sop_instance_uid": result.sop_instance_uid or None, "code": result.code}
            for result in results
            if isinstance(result, Refused)
        ],
    }


def _stored_item(service: str, stored: Stored) -> dict[str, Any]:
    url = f"{service}/studies/{stored.study_uid}/series/{stored.series_uid}/instances/{stored.sop_instance_uid}"
    return (
        attribute("ReferencedSOPClassUID", stored.sop_class_uid)
        | attribute("ReferencedSOPInstanceUID", stored.sop_instance_uid)
        | attribute("RetrieveURL", url)
    )


def _failed_item(result: Refused) -> dict[str, Any]:
    return (
        attribute("ReferencedSOPClassUID", result.sop_class_uid)
        | attribute("ReferencedSOPInstanceUID", result.sop_instance_uid)
        | attribute("FailureReason", result.failure_reason)
    )
