"""What the node tells the other rooms."""

from __future__ import annotations

from shared_kernel.events.event import Event


class InstancesStored(Event, frozen=True, kw_only=True):
    """Instances of one study became durable.

    Told at once with the first of a study, then about once a second while more come: a CT of 500 images is told in
    a handful. Of objects of no patient (PS3.4 annex GG) nothing is told, here and below: there is nothing to read.
    """

    study_uid: str
    site_code: str
    added: int
    total: int
    """Instances of the study by then."""


class StudyArrived(Event, frozen=True, kw_only=True):
    """The study is complete for the first time: all of its manifest or MPPS is here, or nothing came for a while."""

    study_uid: str
    site_code: str
    instances: int


class StudyGrew(Event, frozen=True, kw_only=True):
    """Images came after the study had arrived, and it is quiet again."""

    study_uid: str
    site_code: str
    instances: int
    added: int


class InstanceDamaged(Event, frozen=True, kw_only=True):
    """A stored file was read and is not what was received; told once, and again if it becomes worse."""

    study_uid: str
    series_uid: str
    sop_instance_uid: str
    site_code: str
    damage: str
    """`gone`, `size`, `content`, `header` or `unreadable`."""


class InstanceReplaced(Event, frozen=True, kw_only=True):
    """An instance was sent again with other content, and its sender's rules make that the current version."""

    study_uid: str
    site_code: str
    sop_instance_uid: str
    version: int
    """Number of the version that is current now; 2 for the first replacement."""


class StudyTextsRead(Event, frozen=True, kw_only=True):
    """The texts of a study were read anew from its files: what the index says of it has changed."""

    study_uid: str
    site_code: str


class _PatientDecided(Event, frozen=True, kw_only=True):
    """A human said whose a study is; `decision` is its number in the history."""

    study_uid: str
    site_code: str
    patient: int
    decision: int


class PatientMatched(_PatientDecided, frozen=True, kw_only=True):
    """The study's patient is the one who is known."""


class PatientCorrected(_PatientDecided, frozen=True, kw_only=True):
    """The study's patient data were wrong; the index says what is right."""


class PatientSeparated(_PatientDecided, frozen=True, kw_only=True):
    """The study's patient is another person under the same id."""


class PatientReopened(_PatientDecided, frozen=True, kw_only=True):
    """A decision about the study's patient was taken back."""


class _PatientsJoined(Event, frozen=True, kw_only=True):
    patient: int
    into: int
    site_code: str
    into_site_code: str
    decision: int


class PatientMerged(_PatientsJoined, frozen=True, kw_only=True):
    """Two patients are one person."""


class PatientUnmerged(_PatientsJoined, frozen=True, kw_only=True):
    """They are not."""


class _MppsEvent(Event, frozen=True, kw_only=True):
    step_uid: str
    """SOP Instance UID of the performed procedure step."""
    site_code: str
    study_uid: str
    """Of its first scheduled step; the images may not be here yet."""
    accession_number: str
    instances: int
    """How many instances it says were made, so far."""


class MppsStarted(_MppsEvent, frozen=True, kw_only=True):
    """A scanner began an examination (N-CREATE, IN PROGRESS)."""


class MppsCompleted(_MppsEvent, frozen=True, kw_only=True):
    """A scanner ended an examination as planned."""


class MppsDiscontinued(_MppsEvent, frozen=True, kw_only=True):
    """A scanner broke an examination off."""
