"""All tables of all rooms, gathered for migrations and for tests."""

from __future__ import annotations

import access_control.tables
import pacs_node.archive.tables
import pacs_node.archive_care.tables
import pacs_node.commitment.tables
import pacs_node.expectations.tables
import pacs_node.patients.tables
import pacs_node.peers.tables
import pacs_node.procedures.tables
import pacs_node.scu.tables
import reporting.tables
import shared_kernel.audit.tables
import shared_kernel.events.tables
import worklist.requests.tables
import worklist.tables
from shared_kernel.database import Base

METADATA = Base.metadata

ROOMS = (
    access_control.tables,
    pacs_node.archive.tables,
    pacs_node.commitment.tables,
    pacs_node.expectations.tables,
    pacs_node.archive_care.tables,
    pacs_node.patients.tables,
    pacs_node.peers.tables,
    pacs_node.procedures.tables,
    pacs_node.scu.tables,
    reporting.tables,
    shared_kernel.audit.tables,
    shared_kernel.events.tables,
    worklist.requests.tables,
    worklist.tables,
)
