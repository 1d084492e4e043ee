"""A clinic's scanner: sends Part 10 objects by C-STORE over the DICOM port."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from io import BytesIO

from pacs_node.errors import NotDicom
from pacs_node.ingest.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, FileMeta, read_header
from pacs_node.upper_layer.command_set import ERROR_COMMENT
from pacs_node.upper_layer.errors import AssociationError
from pacs_node.upper_layer.requestor import Proposal, Requestor
from shared_kernel.settings import Address


class SendingFailed(RuntimeError):
    """The hub refused the association or an object; the message says which and why."""


def send(
    objects: Iterable[bytes],
    *,
    calling: str,
    called: str,
    to: Address,
    on_sent: Callable[[], None],
    stopping: threading.Event,
) -> None:
    """Send every object on one association; `on_sent` is called after each success.

    Ends early when `stopping` is set. Raises SendingFailed.
    """
    read: list[tuple[FileMeta, bytes]] = []
    for data in objects:
        if stopping.is_set():
            return
        try:
            read.append((read_header(BytesIO(data)), data))
        except NotDicom as error:
            raise SendingFailed(str(error)) from error
    kinds = sorted({(meta.sop_class_uid, meta.transfer_syntax_uid) for meta, _ in read})
    try:
        with Requestor.open(
            (to.host, to.port),
            calling=calling,
            called=called,
            proposals=[Proposal(sop_class, (syntax,)) for sop_class, syntax in kinds],
            implementation_class_uid=IMPLEMENTATION_CLASS_UID,
            implementation_version_name=IMPLEMENTATION_VERSION_NAME,
        ) as association:
            for meta, data in read:
                if stopping.is_set():
                    return
                _send_one(association, meta, data)
                on_sent()
    except AssociationError as error:
        raise SendingFailed(f"{called}@{to} and {calling}: {error}") from error


def _send_one(association: Requestor, meta: FileMeta, data: bytes) -> None:
    context = association.context_for(meta.sop_class_uid, meta.transfer_syntax_uid)
    data_set = memoryview(data)[meta.dataset_offset :]
    answer = association.store(context.context_id, meta.sop_class_uid, meta.sop_instance_uid, data_set)
    if answer.status != 0:
        comment = answer.text(ERROR_COMMENT)
        raise SendingFailed(f"{meta.sop_instance_uid} was refused with status 0x{answer.status:04X} {comment}")
