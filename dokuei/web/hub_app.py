"""The web application over a hub's services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp

import access_control.routes
import dicomweb.routes
import reporting.routes
import worklist.routes
from dokuei.demo.state import is_demo
from dokuei.web import app

if TYPE_CHECKING:
    from dokuei.hub import Hub


def application(hub: Hub) -> ASGIApp:
    """Every room's operations and routes, over this hub."""

    def ready() -> list[str]:
        wrong = []
        try:
            with hub.database.read() as session:
                session.execute(text("SELECT 1"))
        except SQLAlchemyError as error:
            wrong.append(f"database: {error}")
        if hub.files.free() < hub.settings.min_free_disk:
            wrong.append("disk: too full to take in images")
        return wrong

    return app.create(
        operations=[
            *access_control.routes.operations(hub.credentials, demo=lambda: is_demo(hub.settings)),
            *worklist.routes.operations(hub.cases),
            *reporting.routes.operations(hub.reports),
        ],
        routes=dicomweb.routes.routes(
            hub.catalogue, hub.ingest, hub.gate, hub.authenticate, hub.database, hub.settings
        ),
        authenticate=hub.authenticate,
        ready=ready,
        max_json_body=hub.settings.max_json_body,
    )
