"""Whose study it is: the first instance that names a person says so, and no later one changes it.

A case is read and signed under this name, so what comes later may only fill what is empty. Where it
contradicts, somebody has mixed two people up; the study is marked for a human being to look at.
"""

from __future__ import annotations

from dataclasses import astuple

from pacs_node.archive.tables import StudyRow
from pacs_node.header.person_name import key_form, match_form
from pacs_node.header.scan import Header
from pacs_node.model import PersonName
from shared_kernel.japanese.search_key import search_key

_SEXES = {"M", "F", "O"}
"""PS3.3 C.7.1.1; anything else is as good as unknown."""


def contradicts(study: StudyRow, header: Header) -> bool:
    """Whether the instance names another person than the study.

    Only what both say is compared. Names are, group by group, by their search keys: 髙橋 and 高橋, upper
    and lower case are one; a group that one of them lacks says nothing.
    """
    return (
        _differ(study.patient_id, header.patient_id)
        or _differ(study.birth_date, header.birth_date)
        or (study.sex != header.sex and {study.sex, header.sex} <= _SEXES)
        or any(
            _differ(search_key(known), search_key(named))
            for known, named in zip(astuple(_name(study)), astuple(header.patient_name), strict=True)
        )
    )


def complete(study: StudyRow, header: Header) -> None:
    """Fill what the study does not know of its patient from an instance that does not contradict it.

    An instance without PatientID fills nothing of a study that has one. The PatientID itself is the
    caller's: a row of the patient hangs on it.
    """
    if study.patient_id and not header.patient_id:
        return
    study.birth_date = study.birth_date or header.birth_date
    if study.sex not in _SEXES and header.sex:
        study.sex = header.sex
    known, named = _name(study), header.patient_name
    describe_name(
        study,
        PersonName(
            alphabetic=known.alphabetic or named.alphabetic,
            ideographic=known.ideographic or named.ideographic,
            phonetic=known.phonetic or named.phonetic,
        ),
    )


def describe_name(study: StudyRow, name: PersonName) -> None:
    """Let the study have this name, with the columns that searches compare."""
    values = {
        "name_alphabetic": name.alphabetic,
        "name_ideographic": name.ideographic,
        "name_phonetic": name.phonetic,
        "patient_name_match": match_form(name),
        "patient_name_key": key_form(name),
    }
    for column, value in values.items():
        if getattr(study, column) != value:
            setattr(study, column, value)


def _name(study: StudyRow) -> PersonName:
    return PersonName(
        alphabetic=study.name_alphabetic, ideographic=study.name_ideographic, phonetic=study.name_phonetic
    )


def _differ(known: str, named: str) -> bool:
    return bool(known and named and known != named)
