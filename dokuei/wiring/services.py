"""Which DIMSE services the hub's port offers beside storage and verification."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dokuei.wiring.planned import PlannedByRequests
from pacs_node.commitment.scp import CommitmentScp
from pacs_node.procedures.mpps_scp import MppsService
from pacs_node.procedures.worklist_scp import WorklistService
from pacs_node.scp.query_retrieve.find import FindService
from pacs_node.scp.query_retrieve.get import GetService
from pacs_node.scp.query_retrieve.move import MoveService
from pacs_node.scp.service import DimseService

if TYPE_CHECKING:
    from dokuei.hub import Hub


def dimse_services(hub: Hub) -> Sequence[DimseService]:
    """The services, over the hub's parts."""
    settings = hub.settings
    return [
        FindService(hub.database, hub.clock, ae_title=settings.ae_title, fuzzy=settings.find_fuzzy),
        MoveService(hub.database, hub.catalogue, hub.gate, hub.peers, hub.scu),
        GetService(hub.database, hub.catalogue, hub.gate, work=hub.work),
        WorklistService(PlannedByRequests(hub.database), hub.gate, hub.database, hub.clock),
        MppsService(hub.steps),
        CommitmentScp(hub.commitments, ae_title=settings.ae_title, wake=hub.commitment_worker.wake),
    ]
