"""Modality Performed Procedure Step SCP (PS3.4 annex F): N-CREATE and N-SET on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import structlog
from pydicom.dataset import Dataset
from pynetdicom.dimse_primitives import N_CREATE, N_SET

from access_control.model import Actor
from pacs_node.peers.model import Service
from pacs_node.procedures import dimse
from pacs_node.procedures.performed import StepRefused
from pacs_node.procedures.performed_service import PerformedSteps
from pacs_node.scp.service import Offer
from shared_kernel.errors import Forbidden, NotFound, Unavailable

if TYPE_CHECKING:
    from pacs_node.scp.association import NodeAssociation

MPPS = "1.2.840.10008.3.1.2.3.3"

log = structlog.get_logger(__name__)


class MppsService:
    """Answers N-CREATE and N-SET of scanners."""

    def __init__(self, steps: PerformedSteps) -> None:
        self._steps = steps

    @property
    def offers(self) -> Sequence[Offer]:
        """The one SOP class of the service."""
        return (Offer(sop_class_uid=MPPS, service=Service.MPPS),)

    def serve(self, association: NodeAssociation, request: Any, context_id: int) -> None:
        """Answer one request; success only after it is committed."""
        sender = association.sender
        if sender is None:
            raise RuntimeError("a request came before the association was let in")
        if not isinstance(request, N_CREATE | N_SET):
            raise TypeError(f"{type(request).__name__} is no request of MPPS")
        response: Any = type(request)()
        response.MessageIDBeingRespondedTo = request.MessageID
        if isinstance(request, N_CREATE):
            received, named = request.AttributeList, request.AffectedSOPInstanceUID
            response.AffectedSOPClassUID = request.AffectedSOPClassUID
        else:
            received, named = request.ModificationList, request.RequestedSOPInstanceUID
            response.AffectedSOPClassUID = request.RequestedSOPClassUID
        response.AffectedSOPInstanceUID = named
        status, comment, error_id = dimse.SUCCESS, "", None
        try:
            attributes = dimse.data_set(association, context_id, received)
            response.AffectedSOPInstanceUID = self._done(sender, request, str(named or ""), attributes)
        except StepRefused as error:
            status, comment, error_id = error.status, error.comment, error.error_id
        except dimse.Undecodable as error:
            status, comment = dimse.PROCESSING_FAILURE, str(error)
        except (Forbidden, NotFound) as error:
            status, comment = dimse.NOT_AUTHORISED, str(error)
        except Unavailable as error:
            status, comment = dimse.RESOURCE_LIMITATION, str(error)
        except Exception:
            log.exception("mpps.failed", calling_ae=sender.login, step_uid=str(named or ""))
            status, comment = dimse.PROCESSING_FAILURE, "The hub failed; its log says how."
        log.info("mpps.answered", calling_ae=sender.login, request=request.msg_type, status=f"{status:04X}")
        if association.is_established:
            association.dimse.send_msg(dimse.answer(response, status, comment, error_id), context_id)

    def _done(self, sender: Actor, request: Any, named: str, attributes: Dataset) -> str:
        if isinstance(request, N_CREATE):
            return self._steps.create(sender, named, attributes)
        self._steps.change(sender, named, attributes)
        return named
