"""`dokuei patient`."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Literal

import click

from access_control.model import OPERATOR
from dokuei.cli.options import data_option, settings_of, telling_errors
from dokuei.cli.patient_words import ABOUT, KINDS, SEVERAL, STATES, TRAITS
from dokuei.cli.peer_words import moment
from dokuei.hub import Hub
from pacs_node.patients import wire
from pacs_node.patients.model import QuestionState
from shared_kernel.errors import Text

_reason = click.option("--reason", required=True, help="Why; it stays in the history.")


@click.group()
def patient() -> None:
    """Whose a study is: questions, decisions, merging."""


@patient.command()
@click.option("--resolved", is_flag=True, help="Those that were answered, newest first.")
@click.option("--limit", type=click.IntRange(1, wire.LARGEST_PAGE), default=50, show_default=True)
@data_option
def questions(resolved: bool, limit: int, data: str | None, config: Path | None) -> None:
    """Studies whose patient id is known with another name, birth date or sex."""
    state = QuestionState.RESOLVED if resolved else QuestionState.OPEN
    with telling_errors(), Hub.opened(settings_of(data, config)) as hub:
        page = hub.patients.questions(OPERATOR, wire.QuestionQuery(state=state, limit=limit))
    for question in page.questions:
        differs = ", ".join(_both(TRAITS[trait]) for trait in question.differs) or _both(SEVERAL)
        known = f"患者 / patient {question.patient}, 検査 / studies {question.known_studies}"
        click.echo(f"{question.id}  {question.site.code}  {moment(question.asked_at)}  {_both(ABOUT[question.about])}")
        click.echo(f"  検査 / study {question.study.study_uid}  相違 / differs: {differs}")
        click.echo(f"  登録 / known {_line(question.known)}  ({known})")
        click.echo(f"  受信 / found {_line(question.found)}")
        if question.decision:
            click.echo(f"  → {_decided(question.decision)}")
    click.echo(f"{_both(STATES[state])}: {page.total}")


@patient.command()
@click.argument("question_id")
@click.option("--holds", type=click.Choice(["known", "found"]), required=True, help="Whose name and dates are right.")
@_reason
@data_option
def match(
    question_id: str, holds: Literal["known", "found"], reason: str, data: str | None, config: Path | None
) -> None:
    """It is the patient who is known."""
    with telling_errors(), Hub.opened(settings_of(data, config)) as hub:
        said = wire.Match(holds=holds, reason=reason)
        click.echo(_decided(hub.patients.match(OPERATOR, question_id, said)))


@patient.command()
@click.argument("study_uid")
@click.option("--id", "patient_id", required=True, help="The right PatientID; may be empty.")
@click.option("--alphabetic", default="", help="Name in Latin letters, ^ between family and given name.")
@click.option("--ideographic", default="", help="漢字")
@click.option("--phonetic", default="", help="カナ")
@click.option("--birth-date", type=click.DateTime(["%Y-%m-%d"]), default=None)
@click.option("--sex", type=click.Choice(["", "M", "F", "O"]), default="")
@_reason
@data_option
def correct(
    study_uid: str,
    patient_id: str,
    alphabetic: str,
    ideographic: str,
    phonetic: str,
    birth_date: datetime | None,
    sex: str,
    reason: str,
    data: str | None,
    config: Path | None,
) -> None:
    """A study's patient data are wrong; these are right, all of them."""
    day: date | None = birth_date.date() if birth_date else None
    name = wire.Name(alphabetic=alphabetic, ideographic=ideographic, phonetic=phonetic)
    right = wire.Demographics(patient_id=patient_id, name=name, birth_date=day, sex=sex)
    with telling_errors(), Hub.opened(settings_of(data, config)) as hub:
        said = wire.Correction(demographics=right, reason=reason)
        click.echo(_decided(hub.patients.correct(OPERATOR, study_uid, said)))


@patient.command()
@click.argument("study_uid")
@_reason
@data_option
def separate(study_uid: str, reason: str, data: str | None, config: Path | None) -> None:
    """The study's patient is another person under the same id."""
    with telling_errors(), Hub.opened(settings_of(data, config)) as hub:
        click.echo(_decided(hub.patients.separate(OPERATOR, study_uid, wire.Because(reason=reason))))


@patient.command()
@click.argument("number", type=int)
@_reason
@data_option
def undo(number: int, reason: str, data: str | None, config: Path | None) -> None:
    """Take back decision NUMBER about a study."""
    with telling_errors(), Hub.opened(settings_of(data, config)) as hub:
        click.echo(_decided(hub.patients.reopen(OPERATOR, number, wire.Because(reason=reason))))


@patient.command()
@click.argument("text")
@data_option
def find(text: str, data: str | None, config: Path | None) -> None:
    """Patients by a part of the id or of the name in any writing."""
    with telling_errors(), Hub.opened(settings_of(data, config)) as hub:
        page = hub.patients.patients(OPERATOR, wire.PatientQuery(q=text))
    for each in page.patients:
        same = f"  同一人物 / one person with {', '.join(map(str, each.same_person))}" if each.same_person else ""
        told = f"{each.patient}  {each.site.code}  {_line(each.demographics)}  検査 / studies {len(each.studies)}{same}"
        click.echo(told)
    click.echo(f"該当 / found: {page.total}")


@patient.command()
@click.argument("patient_number", metavar="PATIENT", type=int)
@click.argument("into", type=int)
@_reason
@data_option
def merge(patient_number: int, into: int, reason: str, data: str | None, config: Path | None) -> None:
    """PATIENT and INTO, numbers as `find` gives them, are one person."""
    with telling_errors(), Hub.opened(settings_of(data, config)) as hub:
        said = wire.Merge(into=into, reason=reason)
        click.echo(_decided(hub.patients.merge(OPERATOR, patient_number, said)))


@patient.command()
@click.argument("patient_number", metavar="PATIENT", type=int)
@_reason
@data_option
def unmerge(patient_number: int, reason: str, data: str | None, config: Path | None) -> None:
    """PATIENT is a person of its own after all."""
    with telling_errors(), Hub.opened(settings_of(data, config)) as hub:
        click.echo(_decided(hub.patients.unmerge(OPERATOR, patient_number, wire.Because(reason=reason))))


@patient.command()
@click.option("--study", "study_uid", default=None, help="Of one study.")
@click.option("--patient", "patient_number", type=int, default=None, help="Of one patient.")
@data_option
def history(study_uid: str | None, patient_number: int | None, data: str | None, config: Path | None) -> None:
    """What was decided, newest first."""
    if (study_uid is None) == (patient_number is None):
        raise click.UsageError("Say of whom: --study UID or --patient NUMBER.")
    with telling_errors(), Hub.opened(settings_of(data, config)) as hub:
        if study_uid is not None:
            told = hub.patients.history_of_study(OPERATOR, study_uid)
        else:
            told = hub.patients.history_of_patient(OPERATOR, patient_number or 0)
    for decision in told.decisions:
        click.echo(_decided(decision))


def _line(said: wire.Demographics) -> str:
    name = "=".join((said.name.alphabetic, said.name.ideographic, said.name.phonetic)).rstrip("=")
    return f"{said.patient_id or '-'}  {name or '-'}  {said.birth_date or '-'}  {said.sex or '-'}"


def _decided(decision: wire.Decision) -> str:
    marks = [f"{decision.undoes} の取消 / takes back {decision.undoes}"] if decision.undoes else []
    marks += ["取消済 / taken back"] if decision.undone else []
    other = f" と / with {decision.other_patient}" if decision.other_patient else ""
    who = f"患者 / patient {decision.patient}{other}"
    told = [str(decision.number), _both(KINDS[decision.kind]), who, moment(decision.at), decision.actor]
    return "  ".join([*told, *marks, decision.reason]).rstrip()


def _both(text: Text) -> str:
    return f"{text.ja} / {text.en}"
