"""The web application over a hub's services."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp

import access_control.routes
import dicomweb.routes
import pacs_node.expectations.routes
import pacs_node.patients.routes
import pacs_node.peers.routes
import pacs_node.scu.routes
import reporting.routes
import reporting.sending_routes
import worklist.requests.routes
import worklist.routes
from access_control.tables import SiteRow
from dokuei.demo.state import is_demo
from dokuei.web import app

if TYPE_CHECKING:
    from dokuei.hub import Hub

log = structlog.get_logger(__name__)


def application(hub: Hub) -> ASGIApp:
    """Every room's operations and routes, over this hub."""
    return app.create(
        operations=[
            *access_control.routes.operations(hub.credentials, demo=lambda: is_demo(hub.settings)),
            *worklist.routes.operations(hub.cases),
            *worklist.requests.routes.operations(hub.requests),
            *reporting.routes.operations(hub.reports),
            *pacs_node.expectations.routes.operations(hub.manifests),
            *pacs_node.peers.routes.operations(hub.peer_administration),
            *pacs_node.scu.routes.operations(hub.outgoing),
            *reporting.sending_routes.operations(hub.report_sender),
            *pacs_node.patients.routes.operations(hub.patients),
        ],
        routes=dicomweb.routes.routes(
            hub.catalogue,
            hub.ingest,
            hub.gate,
            hub.authenticate,
            hub.database,
            hub.settings,
            hub.authenticate.known,
            hub.metadata_worker,
        ),
        authenticate=hub.authenticate,
        ready=lambda: not_ready(hub),
        max_json_body=hub.settings.max_json_body,
    )


def not_ready(hub: Hub) -> list[str]:
    """What keeps this hub from working, in fixed words; the causes are for the log, as anybody may ask."""
    wrong = []
    try:
        with hub.database.read() as session:
            session.scalar(select(SiteRow.code).limit(1))
    except (SQLAlchemyError, OSError):
        log.exception("ready.database")
        wrong.append("database: can't be used")
    try:
        if hub.files.free() < hub.settings.min_free_disk:
            wrong.append("disk: too full to take in images")
    except OSError:
        log.exception("ready.disk")
        wrong.append("disk: can't be used")
    workers = {
        "ingest": hub.ingest.alive,
        "events": hub.dispatcher.alive,
        "completion": hub.completion.alive,
        "commitment": hub.commitment_worker.alive,
        "archive care": hub.care.alive,
        "metadata": hub.metadata_worker.alive,
        "sending": hub.outgoing_worker.alive,
    }
    stopped = [name for name, alive in workers.items() if not alive]
    if stopped:
        log.error("ready.stopped", workers=stopped)
    return wrong + [f"{name}: stopped" for name in stopped]
