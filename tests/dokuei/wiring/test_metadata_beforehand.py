"""Proves that the hub makes the metadata of a study once it is complete, without anybody asking."""

from __future__ import annotations

from datetime import timedelta

from dokuei.hub import Hub
from pacs_node.ingest.service import Incoming
from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from shared_kernel.settings import Settings
from test_data.small import small_ct_series
from tests.pacs_node.conftest import peer


def test_a_complete_study_has_its_metadata(settings: Settings, clock: SetClock, database: Database) -> None:
    hub = Hub(settings, clock)
    hub.dispatcher.drain()
    with hub.ingest:
        for file in small_ct_series():
            with hub.ingest.spool() as spool:
                spool.write(file)
                hub.ingest.store(Incoming(sender=peer(), spool=spool, channel="import"))
        hub.dispatcher.drain()
        assert hub.metadata_worker.run_once() == 0
        clock.move(timedelta(seconds=settings.quiet_period))
        assert hub.completion.run_once() == 1
        hub.dispatcher.drain()
        assert hub.metadata_worker.run_once() == 1
    assert len(list((settings.data / "metadata").rglob("*.block"))) == 1
    hub.database.close()
