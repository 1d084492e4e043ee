"""All tables of all rooms, gathered for migrations and for tests."""

from __future__ import annotations

import access_control.tables
import pacs_node.archive.tables
import pacs_node.patients.tables
import pacs_node.peers.tables
import reporting.tables
import shared_kernel.audit.tables
import shared_kernel.events.tables
import worklist.tables
from shared_kernel.database import Base

METADATA = Base.metadata

ROOMS = (
    access_control.tables,
    pacs_node.archive.tables,
    pacs_node.patients.tables,
    pacs_node.peers.tables,
    reporting.tables,
    shared_kernel.audit.tables,
    shared_kernel.events.tables,
    worklist.tables,
)
