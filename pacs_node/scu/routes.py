"""Sending studies over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from access_control.web.operation import Call, Operation
from pacs_node.scu.errors import DestinationMayNotSee, DestinationUnknown
from pacs_node.scu.orders import Order
from pacs_node.scu.queue import OutgoingQueue
from shared_kernel.errors import Forbidden, NotFound


class NewSend(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent to whom."""

    study_uid: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    destination: Annotated[str, msgspec.Meta(min_length=1, max_length=16)]


class SendOut(msgspec.Struct, frozen=True, kw_only=True):
    """An order and how far it is; `state` is waiting, sending, sent or failed."""

    order_id: int
    destination: str
    label: str
    state: str
    created_at: datetime
    due_at: datetime | None
    attempts: int
    last_error: str
    total: int
    sent: int
    failed: int


def operations(queue: OutgoingQueue) -> list[Operation]:
    """The operations on orders to send."""

    def order(call: Call) -> SendOut:
        body: NewSend = call.body
        return _out(queue.order(queue.order_study(call.actor, body.study_uid, body.destination)))

    return [
        Operation(
            method="POST",
            path="/api/sends",
            tag="sends",
            summary="Order that a study be sent to a DICOM peer; it goes in the background, and again if it must",
            handler=order,
            body=NewSend,
            response=SendOut,
            errors=(NotFound, Forbidden, DestinationUnknown, DestinationMayNotSee),
        ),
    ]


def _out(order: Order) -> SendOut:
    return SendOut(
        order_id=order.order_id,
        destination=order.destination,
        label=order.label,
        state=order.state.value,
        created_at=order.created_at,
        due_at=order.due_at,
        attempts=order.attempts,
        last_error=order.last_error,
        total=order.total,
        sent=order.sent,
        failed=order.failed,
    )
