"""Questions about patients over HTTP."""

from __future__ import annotations

from functools import partial

from access_control.web.operation import Call, Operation
from pacs_node.patients import wire
from pacs_node.patients.errors import (
    AlreadyResolved,
    LaterDecision,
    MergeRefused,
    NoHumanDecision,
    NothingToSeparate,
    NotMergedPatient,
    ReasonMissing,
    StillContradicts,
)
from pacs_node.patients.service import PatientService
from shared_kernel.errors import Forbidden, InvalidInput, NotFound


def operations(service: PatientService) -> list[Operation]:
    """The operations on questions, decisions and patients."""
    operation = partial(Operation, tag="patients")

    def number_of(call: Call, name: str) -> int:
        value = call.path[name]
        if not (value.isascii() and value.isdigit() and len(value) <= 18):  # noqa: PLR2004 - a 64-bit number
            raise NotFound()
        return int(value)

    return [
        operation(
            method="GET",
            path="/api/patient-questions",
            summary="Studies whose patient is in question, oldest first; or the answered ones, newest first",
            handler=lambda call: service.questions(call.actor, call.query),
            query=wire.QuestionQuery,
            response=wire.QuestionPage,
            errors=(Forbidden, InvalidInput),
        ),
        operation(
            method="POST",
            path="/api/patient-questions/{question_id}/match",
            summary="It is the patient who is known (同一患者)",
            handler=lambda call: service.match(call.actor, call.path["question_id"], call.body),
            body=wire.Match,
            response=wire.Decision,
            errors=(NotFound, Forbidden, AlreadyResolved, ReasonMissing),
        ),
        operation(
            method="POST",
            path="/api/studies/{study_uid}/patient/correct",
            summary="The study's patient data are wrong; say what is right (訂正)",
            handler=lambda call: service.correct(call.actor, call.path["study_uid"], call.body),
            body=wire.Correction,
            response=wire.Decision,
            errors=(NotFound, Forbidden, StillContradicts, ReasonMissing),
        ),
        operation(
            method="POST",
            path="/api/studies/{study_uid}/patient/separate",
            summary="The study's patient is another person under the same id (別の患者)",
            handler=lambda call: service.separate(call.actor, call.path["study_uid"], call.body),
            body=wire.Because,
            response=wire.Decision,
            errors=(NotFound, Forbidden, NothingToSeparate, ReasonMissing),
        ),
        operation(
            method="GET",
            path="/api/studies/{study_uid}/patient/history",
            summary="What was decided about the study's patient, newest first",
            handler=lambda call: service.history_of_study(call.actor, call.path["study_uid"]),
            response=wire.History,
            errors=(NotFound, Forbidden),
        ),
        operation(
            method="POST",
            path="/api/patient-decisions/{number}/undo",
            summary="Take back a decision about a study; its questions are open again",
            handler=lambda call: service.reopen(call.actor, number_of(call, "number"), call.body),
            body=wire.Because,
            response=wire.Decision,
            errors=(NotFound, Forbidden, LaterDecision, NoHumanDecision, ReasonMissing),
        ),
        operation(
            method="GET",
            path="/api/patients",
            summary="Patients by a part of the id or of the name in any writing",
            handler=lambda call: service.patients(call.actor, call.query),
            query=wire.PatientQuery,
            response=wire.PatientPage,
            errors=(Forbidden, InvalidInput),
        ),
        operation(
            method="GET",
            path="/api/patients/{patient}",
            summary="One patient, with everybody who is the same person",
            handler=lambda call: service.patient(call.actor, number_of(call, "patient")),
            response=wire.Patient,
            errors=(NotFound, Forbidden),
        ),
        operation(
            method="POST",
            path="/api/patients/{patient}/merge",
            summary="Two patients are one person (統合)",
            handler=lambda call: service.merge(call.actor, number_of(call, "patient"), call.body),
            body=wire.Merge,
            response=wire.Decision,
            errors=(NotFound, Forbidden, MergeRefused, ReasonMissing),
        ),
        operation(
            method="POST",
            path="/api/patients/{patient}/unmerge",
            summary="They are not one person after all (統合の取消)",
            handler=lambda call: service.unmerge(call.actor, number_of(call, "patient"), call.body),
            body=wire.Because,
            response=wire.Decision,
            errors=(NotFound, Forbidden, LaterDecision, NotMergedPatient, ReasonMissing),
        ),
        operation(
            method="GET",
            path="/api/patients/{patient}/history",
            summary="What was decided about the patient, newest first",
            handler=lambda call: service.history_of_patient(call.actor, number_of(call, "patient")),
            response=wire.History,
            errors=(NotFound, Forbidden),
        ),
    ]
