"""A planned examination as an item of the Modality Worklist, with every attribute of PS3.4 table K.6-1."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from pacs_node.procedures.ports import ScheduledProcedure

_LO = 64
_LT = 10_240

# Type 2 attributes that nobody tells the hub of: always there, without a value.
_EMPTY = (
    "ReferencedStudySequence",
    "PatientTransportArrangements",
    "ReferringPhysicianName",
    "AdmissionID",
    "CurrentPatientLocation",
    "ReferencedPatientSequence",
    "PatientWeight",
    "ConfidentialityConstraintOnPatientDataDescription",
    "PatientState",
    "PregnancyStatus",
    "MedicalAlerts",
    "Allergies",
    "SpecialNeeds",
)
_EMPTY_IN_STEP = (
    "ScheduledPerformingPhysicianName",
    "ScheduledStationName",
    "ScheduledProcedureStepLocation",
    "PreMedication",
    "RequestedContrastAgent",
)


def worklist_item(planned: ScheduledProcedure, *, asking: str) -> Dataset:
    """The item with all attributes; the AE title that asks stands for a scanner that is not named.

    A step without a time of day begins at 00:00, because ScheduledProcedureStepStartTime is of type 1.
    """
    what = planned.procedure_description or planned.body_part or planned.modality
    ds = Dataset()
    for keyword in _EMPTY:
        setattr(ds, keyword, Sequence() if keyword.endswith("Sequence") else None)
    patient = planned.patient
    ds.PatientName = "=".join(
        _caret(group) for group in (patient.name.alphabetic, patient.name.ideographic, patient.name.phonetic)
    ).rstrip("=")
    ds.PatientID, ds.IssuerOfPatientID = patient.patient_id, planned.site_code
    ds.PatientBirthDate = f"{patient.birth_date:%Y%m%d}" if patient.birth_date else None
    # CS is ASCII (PS3.5 table 6.2-1): what a clinic's images had else there can't be said, and `?` would be untrue.
    ds.PatientSex = (patient.sex if patient.sex.isascii() else "") or None
    ds.AdditionalPatientHistory = planned.clinical_history[:_LT] or None
    ds.StudyInstanceUID = planned.study_uid
    ds.AccessionNumber = ds.RequestedProcedureID = planned.accession_number
    ds.RequestedProcedureDescription = what[:_LO]
    ds.RequestedProcedurePriority = planned.priority
    ds.RequestingPhysician = _doctor(planned.requesting_doctor)
    ds.ReasonForTheRequestedProcedure = " ".join(planned.reason.replace("\\", " ").split())[:_LO] or None
    ds.RequestedProcedureComments = planned.reason[:_LT] or None
    ds.ScheduledProcedureStepSequence = [_step(planned, what, asking)]
    return ds


def _step(planned: ScheduledProcedure, what: str, asking: str) -> Dataset:
    step = Dataset()
    for keyword in _EMPTY_IN_STEP:
        setattr(step, keyword, None)
    step.ScheduledStationAETitle = planned.station_ae_title or asking
    step.ScheduledProcedureStepStartDate = f"{planned.scheduled_date:%Y%m%d}"
    step.ScheduledProcedureStepStartTime = f"{planned.scheduled_time:%H%M%S}" if planned.scheduled_time else "000000"
    step.Modality = planned.modality
    step.ScheduledProcedureStepDescription = what[:_LO]
    step.ScheduledProcedureStepID = planned.accession_number
    step.ScheduledProcedureStepStatus = "SCHEDULED"
    step.ScheduledProtocolCodeSequence = Sequence()
    return step


def _caret(group: str) -> str:
    """Family name and given name parted as VR PN does it, at the first space."""
    return group.strip().replace(" ", "^", 1)


def _doctor(name: str) -> str | None:
    """A doctor's name in the group that its letters belong to."""
    if not name:
        return None
    return _caret(name) if name.isascii() else f"={_caret(name)}"
