"""Who a patient is, and what can be decided about it. Pure values and functions.

Identity is (issuer, PatientID); a site's peers send under the site as issuer, unless their settings trust the
IssuerOfPatientID of what they send. Who has the same id but another
name, birth date or sex is a question for a human. Patients that are one person hang below one another; the
topmost is the person. A study belongs to exactly one patient, whatever happens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, field, replace
from enum import StrEnum

from pacs_node.model import PersonName
from shared_kernel.japanese.search_key import search_key

SEXES = frozenset({"M", "F", "O"})
"""PS3.3 C.7.1.1; anything else is as good as unknown."""


class Trait(StrEnum):
    """What two descriptions of a patient can differ in."""

    PATIENT_ID = "patient_id"
    NAME = "name"
    BIRTH_DATE = "birth_date"
    SEX = "sex"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demographics:
    """What is said of a patient: dates as `YYYYMMDD`, names with `^` kept, empty where unknown."""

    patient_id: str = ""
    name: PersonName = field(default_factory=PersonName)
    birth_date: str = ""
    sex: str = ""
    issuer: str = ""
    """Code of the site that has issued the PatientID, where an image names one that is trusted; empty: its own."""


def differences(known: Demographics, found: Demographics) -> tuple[Trait, ...]:
    """In what the two contradict each other; only what both say is compared.

    Names are, group by group, by their search keys: 髙橋 and 高橋, upper and lower case are one; a group that
    one of them lacks says nothing.
    """
    differ = []
    if _differ(known.patient_id, found.patient_id):
        differ.append(Trait.PATIENT_ID)
    if any(
        _differ(search_key(one), search_key(other))
        for one, other in zip(astuple(known.name), astuple(found.name), strict=True)
    ):
        differ.append(Trait.NAME)
    if _differ(known.birth_date, found.birth_date):
        differ.append(Trait.BIRTH_DATE)
    if known.sex != found.sex and {known.sex, found.sex} <= SEXES:
        differ.append(Trait.SEX)
    return tuple(differ)


def agrees(known: Demographics, found: Demographics) -> bool:
    """Whether nothing contradicts, and a name or a birth date is said by both."""
    if differences(known, found):
        return False
    names = zip(astuple(known.name), astuple(found.name), strict=True)
    return bool(known.birth_date and found.birth_date) or any(
        search_key(one) and search_key(one) == search_key(other) for one, other in names
    )


def completed(known: Demographics, found: Demographics) -> Demographics:
    """`known` with what it lacks taken from `found`, which does not contradict it."""
    groups = (one or other for one, other in zip(astuple(known.name), astuple(found.name), strict=True))
    alphabetic, ideographic, phonetic = groups
    return replace(
        known,
        name=PersonName(alphabetic=alphabetic, ideographic=ideographic, phonetic=phonetic),
        birth_date=known.birth_date or found.birth_date,
        sex=known.sex if known.sex in SEXES else found.sex or known.sex,
    )


def _differ(one: str, other: str) -> bool:
    return bool(one and other and one != other)


class QuestionState(StrEnum):
    """Where a question about a patient stands."""

    OPEN = "open"
    RESOLVED = "resolved"


class QuestionStep(StrEnum):
    """What a human does with a question."""

    MATCH = "match"
    """It is the same person."""
    CORRECT = "correct"
    """The study says something wrong; this is right."""
    SEPARATE = "separate"
    """It is another person under the same id."""
    REOPEN = "reopen"
    """The decision was wrong; everything is as it was before it."""


REREAD = "reread"
"""What stands among the decisions of a study that nobody has decided about, where its texts were read anew."""

TRANSITIONS: Mapping[QuestionState, Mapping[QuestionStep, QuestionState]] = {
    QuestionState.OPEN: {
        QuestionStep.MATCH: QuestionState.RESOLVED,
        QuestionStep.CORRECT: QuestionState.RESOLVED,
        QuestionStep.SEPARATE: QuestionState.RESOLVED,
    },
    QuestionState.RESOLVED: {QuestionStep.REOPEN: QuestionState.OPEN},
}


class CantMerge(ValueError):
    """The two are one already, or the first hangs below another one."""


class NotMerged(ValueError):
    """The patient hangs below nobody."""


@dataclass(frozen=True, slots=True)
class Registry:
    """Patients, whom each hangs below (None: it is the person), and the patient that each study belongs to."""

    above: Mapping[int, int | None] = field(default_factory=dict)
    studies: Mapping[str, int] = field(default_factory=dict)

    def person(self, patient: int) -> int:
        """The topmost patient that this one hangs below; itself where it hangs below nobody."""
        while (above := self.above[patient]) is not None:
            patient = above
        return patient

    def one_person(self, patient: int) -> frozenset[int]:
        """All patients that are the same person, itself included."""
        person = self.person(patient)
        return frozenset(each for each in self.above if self.person(each) == person)

    def studies_of(self, patient: int) -> Iterator[str]:
        """The studies of the person."""
        same = self.one_person(patient)
        return (study for study, owner in self.studies.items() if owner in same)

    def with_patient(self, patient: int) -> Registry:
        """With one more patient, who is nobody else."""
        return replace(self, above={**self.above, patient: None})

    def moved(self, study: str, patient: int) -> Registry:
        """With the study under another patient. Raises KeyError for a patient that is not there."""
        self.above[patient]
        return replace(self, studies={**self.studies, study: patient})

    def merged(self, patient: int, into: int) -> Registry:
        """With `patient`, and all below it, below `into`'s person. Raises CantMerge.

        The patient must hang below nobody, so that taking it out again gives what was before.
        """
        person = self.person(into)
        if self.above[patient] is not None or person == patient:
            raise CantMerge(patient, into)
        return replace(self, above={**self.above, patient: person})

    def unmerged(self, patient: int) -> Registry:
        """With the patient, and all below it, on its own again. Raises NotMerged."""
        if self.above[patient] is None:
            raise NotMerged(patient)
        return replace(self, above={**self.above, patient: None})
