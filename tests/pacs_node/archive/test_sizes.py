"""Proves that a file of more than 2 GiB can be named, by the index and as an earlier version, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from pacs_node.archive.tables import InstanceRow, InstanceVersionRow
from tests.pacs_node.conftest import Hub
from tests.support.objects import ct

pytestmark = pytest.mark.both_databases

LARGE = 2**31 + 5


def test_a_file_may_have_more_than_31_bits_of_bytes(hub: Hub) -> None:
    image = ct()
    hub.store(image.file)
    with hub.database.write() as session:
        session.execute(update(InstanceRow).values(size=LARGE))
        current = session.scalars(select(InstanceRow)).one()
        session.add(
            InstanceVersionRow(
                instance_row=current.id,
                number=1,
                file="1.dcm",
                dataset_offset=current.dataset_offset,
                size=LARGE + 1,
                transfer_syntax_uid=current.transfer_syntax_uid,
                received_at=current.received_at,
                received_from="ae:CT",
                replaced_at=current.received_at + timedelta(days=1),
                replaced_by="ae:CT",
            )
        )
    with hub.database.read() as session:
        sizes = (session.scalar(select(InstanceRow.size)), session.scalar(select(InstanceVersionRow.size)))
    assert (LARGE, LARGE + 1) == sizes
