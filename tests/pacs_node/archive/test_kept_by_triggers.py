"""Proves that modalities and counts follow the studies, whoever writes these and however odd their modality is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from pacs_node.archive.tables import InstanceRow, SeriesRow, SiteHoldingRow, StudyModalityRow, StudyRow
from shared_kernel.database import Database
from tests.pacs_node.conftest import Hub, peer
from tests.support.objects import ct
from tests.support.studies import insert_studies

pytestmark = pytest.mark.both_databases

modality = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\\"), min_size=1, max_size=6)


def kept(database: Database) -> tuple[set[Sequence[Any]], dict[str, int]]:
    with database.read() as session:
        rows = session.execute(
            select(
                StudyModalityRow.modality,
                StudyModalityRow.study_date,
                StudyModalityRow.study_time,
                StudyModalityRow.study_row,
                StudyModalityRow.site_code,
            )
        )
        holdings = session.execute(select(SiteHoldingRow.site_code, SiteHoldingRow.studies)).all()
        return {tuple(row) for row in rows}, {site: studies for site, studies in holdings if studies}


def declared(database: Database) -> tuple[set[Sequence[Any]], dict[str, int]]:
    with database.read() as session:
        rows = session.execute(
            select(StudyRow.modalities, StudyRow.study_date, StudyRow.study_time, StudyRow.id, StudyRow.site_code)
        ).all()
        holdings = session.execute(select(StudyRow.site_code, func.count()).group_by(StudyRow.site_code))
        counted = {row[0]: row[1] for row in holdings}
    listed = {(one, *rest) for modalities, *rest in rows for one in modalities.split("\\") if one}
    return listed, counted


def test_what_is_ingested_is_kept_with_its_modalities(hub: Hub) -> None:
    hub.store(ct(StudyInstanceUID="1.1", Modality="CT").file)
    hub.store(ct(StudyInstanceUID="1.1", Modality="SR").file)
    hub.store(ct(StudyInstanceUID="1.2", Modality="OT").file)
    hub.store(ct(StudyInstanceUID="2.1", StudyDate="").file, peer("OTHER"))
    rows, holdings = kept(hub.database)
    assert {"CT", "SR", "OT"} == {row[0] for row in rows}
    assert {"CLINIC": 2, "OTHER": 1} == holdings
    assert declared(hub.database) == (rows, holdings)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sets(modality, max_size=3), st.sampled_from("AB"), st.booleans()), min_size=1, max_size=4))
def test_whatever_is_written_changed_or_deleted(database: Database, studies: list[tuple[set[str], str, bool]]) -> None:
    with database.write() as session:
        for row in (InstanceRow, SeriesRow, StudyRow):
            session.execute(delete(row))
        made = [
            {"modalities": "\\" + "\\".join(sorted(named)) + "\\" if named else "", "site_code": site}
            for named, site, _ in studies
        ]
        rows = insert_studies(session, made)
    assert declared(database) == kept(database)
    with database.write() as session:
        for row, (_, site, goes) in zip(rows, studies, strict=True):
            if goes:
                session.execute(delete(InstanceRow).where(InstanceRow.series_row == row))
                session.execute(delete(SeriesRow).where(SeriesRow.id == row))
                session.execute(delete(StudyRow).where(StudyRow.id == row))
            else:
                moved = {"study_date": "20260505", "site_code": site + "2", "modalities": "\\MR\\"}
                session.execute(update(StudyRow).where(StudyRow.id == row).values(moved))
    assert declared(database) == kept(database)
