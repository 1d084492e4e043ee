"""What a header says, as the columns of rows that are new. Two ways write them, and they must write the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pacs_node.header.person_name import encoded, key_form, match_form
from pacs_node.header.scan import Header
from pacs_node.header.series_words import SeriesWords
from pacs_node.model import PersonName
from pacs_node.patients.model import Demographics
from shared_kernel.japanese.search_key import search_key


def said_of_study(header: Header) -> dict[str, str]:
    """What an instance says of its study, but for whose it is."""
    return {
        "study_date": header.study_date,
        "study_time": header.study_time,
        "accession_number": header.accession_number,
        "study_id": header.study_id,
        "study_description": header.study_description,
        "body_part": header.body_part,
        "issuer_of_patient_id": header.issuer_of_patient_id,
        "referring_physician": encoded(header.referring_physician),
    }


def compared_names(header: Header) -> dict[str, str]:
    """The folded forms of the names in `said_of_study`."""
    name = header.referring_physician
    return {"referring_physician_match": match_form(name), "referring_physician_key": key_form(name)}


def name_columns(name: PersonName) -> dict[str, str]:
    """A patient's name in the row of a patient or of a study, with what is compared in both."""
    return {
        "name_alphabetic": name.alphabetic,
        "name_ideographic": name.ideographic,
        "name_phonetic": name.phonetic,
        "patient_name_key": key_form(name),
    }


def compared_patient_name(name: PersonName) -> dict[str, str]:
    """What a study alone has for comparing its patient's name."""
    return {
        "patient_name_match": match_form(name),
        "key_ideographic": search_key(name.ideographic),
        "key_phonetic": search_key(name.phonetic),
    }


def new_study_values(site_code: str, header: Header, at: datetime) -> dict[str, Any]:
    """The row of a study without series and images yet, except whose patient it is."""
    return {
        "study_uid": header.study_uid,
        "site_code": site_code,
        "patient_id": header.patient_id,
        **name_columns(header.patient_name),
        **compared_patient_name(header.patient_name),
        "birth_date": header.birth_date,
        "sex": header.sex,
        "identity_conflict": False,
        "text_suspect": header.text_suspect,
        **said_of_study(header),
        **compared_names(header),
        "modalities": "",
        "series_count": 0,
        "instance_count": 0,
        "first_received_at": at,
        "last_received_at": at,
        "arrived_at": None,
        "told_instances": 0,
        "counted_instances": 0,
        "unsettled_since": None,
    }


def new_series_values(header: Header) -> dict[str, Any]:
    """The row of a series without images yet, except which study it is of."""
    return {
        "series_uid": header.series_uid,
        "modality": header.modality,
        "series_number": header.series_number,
        "series_date": header.series_date,
        "series_time": header.series_time,
        "series_description": header.series_description,
        "body_part": header.body_part,
        "instance_count": 0,
        **words_values(header.words),
    }


def words_values(words: SeriesWords) -> dict[str, str]:
    """What is said of a series for searches by it; lists stand between backslashes, which no id has."""
    return {
        "institution_name": words.institution_name,
        "station_name": words.station_name,
        "protocol_name": words.protocol_name,
        "laterality": words.laterality,
        "step_date": words.step_date,
        "step_time": words.step_time,
        "requests": json.dumps(words.requests, ensure_ascii=False) if words.requests else "",
        "requested_steps": _listed([step for step, _ in words.requests]),
        "requested_procedures": _listed([procedure for _, procedure in words.requests]),
    }


def _listed(values: Sequence[str]) -> str:
    known = [value for value in dict.fromkeys(values) if value]
    return "\\" + "\\".join(known) + "\\" if known else ""


def new_patient_values(issuer: str, identity: str, said: Demographics, at: datetime) -> dict[str, Any]:
    """The row of a patient."""
    return {
        "issuer": issuer,
        "identity": identity,
        "patient_id": said.patient_id,
        **name_columns(said.name),
        "birth_date": said.birth_date,
        "sex": said.sex,
        "first_received_at": at,
    }
