"""What a study is to consist of, and what of it is here. Everything runs in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeVar

from sqlalchemy import and_, delete, func, insert, or_, select
from sqlalchemy.orm import Session

from pacs_node.archive.tables import InstanceRow, SeriesRow, StudyRow
from pacs_node.archive_care.tables import InstanceDigestRow
from pacs_node.expectations.tables import ExpectationRow, ExpectedInstanceRow

MANIFEST = "manifest"
_AT_ONCE = 500
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of one instance: bytes of its data set and their SHA-256, as far as anybody says so."""

    size: int | None = None
    sha256: str = ""


def expect(
    session: Session,
    *,
    study_uid: str,
    site_code: str,
    source: str,
    instances: Mapping[str, Said | None],
    at: datetime,
    actor: str,
) -> None:
    """Keep a source's list of a study's instances (by SOP Instance UID); an earlier one of the source is replaced."""
    withdraw(session, site_code, study_uid, source)
    session.add(
        ExpectationRow(
            study_uid=study_uid,
            source=source,
            site_code=site_code,
            declared_at=at,
            declared_by=actor,
            expected=len(instances),
            fulfilled_at=None,
        )
    )
    rows = [
        {
            "site_code": site_code,
            "study_uid": study_uid,
            "source": source,
            "sop_instance_uid": instance,
            "size": said.size if said else None,
            "sha256": said.sha256 if said else "",
        }
        for instance, said in instances.items()
    ]
    session.flush()
    for part in _parts(rows):
        session.execute(insert(ExpectedInstanceRow), part)


def withdraw(session: Session, site_code: str, study_uid: str, source: str) -> bool:
    """Forget what a source of a site has said of a study; whether it had said anything."""
    said = delete(ExpectedInstanceRow).filter_by(site_code=site_code, study_uid=study_uid, source=source)
    session.execute(said)
    found = session.get(ExpectationRow, (site_code, study_uid, source))
    if found is not None:
        session.delete(found)
        session.flush()
    return found is not None


def missing(session: Session, expectation: ExpectationRow, *, limit: int | None = None) -> list[str]:
    """SOP Instance UIDs that are expected and not stored for the site's study, in order."""
    here = (
        select(InstanceRow.id)
        .join(SeriesRow, SeriesRow.id == InstanceRow.series_row)
        .join(StudyRow, StudyRow.id == SeriesRow.study_row)
        .where(
            InstanceRow.sop_instance_uid == ExpectedInstanceRow.sop_instance_uid,
            StudyRow.site_code == expectation.site_code,
            StudyRow.study_uid == expectation.study_uid,
        )
    )
    found = (
        select(ExpectedInstanceRow.sop_instance_uid)
        .filter_by(site_code=expectation.site_code, study_uid=expectation.study_uid, source=expectation.source)
        .where(~here.exists())
        .order_by(ExpectedInstanceRow.sop_instance_uid)
    )
    return list(session.scalars(found if limit is None else found.limit(limit)))


def different(session: Session, expectation: ExpectationRow) -> list[str]:
    """SOP Instance UIDs that are stored with other bytes than was said: another number, or a digest known to differ."""
    same_file = and_(InstanceDigestRow.instance_row == InstanceRow.id, InstanceDigestRow.file == InstanceRow.file)
    found = (
        select(ExpectedInstanceRow.sop_instance_uid)
        .join(InstanceRow, InstanceRow.sop_instance_uid == ExpectedInstanceRow.sop_instance_uid)
        .join(SeriesRow, SeriesRow.id == InstanceRow.series_row)
        .join(StudyRow, StudyRow.id == SeriesRow.study_row)
        .outerjoin(InstanceDigestRow, same_file)
        .where(
            ExpectedInstanceRow.site_code == expectation.site_code,
            ExpectedInstanceRow.study_uid == expectation.study_uid,
            ExpectedInstanceRow.source == expectation.source,
            StudyRow.study_uid == expectation.study_uid,
            StudyRow.site_code == expectation.site_code,
            or_(
                ExpectedInstanceRow.size != InstanceRow.size - InstanceRow.dataset_offset,
                and_(
                    ExpectedInstanceRow.sha256 != "",
                    InstanceDigestRow.sha256 != "",
                    ExpectedInstanceRow.sha256 != InstanceDigestRow.sha256,
                ),
            ),
        )
        .order_by(ExpectedInstanceRow.sop_instance_uid)
    )
    return list(session.scalars(found))


def of_study(session: Session, study_uid: str, site_code: str) -> Sequence[ExpectationRow]:
    """Everything that is said of a site's study."""
    found = select(ExpectationRow).filter_by(study_uid=study_uid, site_code=site_code)
    return session.scalars(found.order_by(ExpectationRow.source)).all()


def expected_counts(session: Session, studies: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], int]:
    """How many different instances each study, named with its site, is to have by all that this site says of it.

    What another site says of the same UID counts for nothing.
    """
    counted: dict[tuple[str, str], int] = {}
    for part in _parts(list(studies)):
        found = (
            select(
                ExpectedInstanceRow.site_code,
                ExpectedInstanceRow.study_uid,
                func.count(ExpectedInstanceRow.sop_instance_uid.distinct()),
            )
            .where(
                ExpectedInstanceRow.site_code.in_({site for site, _ in part}),
                ExpectedInstanceRow.study_uid.in_({study_uid for _, study_uid in part}),
            )
            .group_by(ExpectedInstanceRow.site_code, ExpectedInstanceRow.study_uid)
        )
        counted |= {(site, study_uid): count for site, study_uid, count in session.execute(found)}
    return {study: counted[study] for study in studies if study in counted}


def _parts(rows: Iterable[T]) -> Iterator[list[T]]:
    waiting = iter(rows)
    while part := list(islice(waiting, _AT_ONCE)):
        yield part
