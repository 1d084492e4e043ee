"""A clinic's scanner: sends Part 10 objects by C-STORE over the DICOM port."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from io import BytesIO

from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.association import Association

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
    read = []
    for data in objects:
        if stopping.is_set():
            return
        read.append(dcmread(BytesIO(data)))
    ae = AE(ae_title=calling)
    for sop_class, syntax in sorted({(ds.SOPClassUID, ds.file_meta.TransferSyntaxUID) for ds in read}):
        ae.add_requested_context(sop_class, syntax)
    assoc = ae.associate(to.host, to.port, ae_title=called)
    if not assoc.is_established:
        raise SendingFailed(f"{called}@{to} did not accept the association of {calling}")
    try:
        for ds in read:
            if stopping.is_set():
                return
            _send_one(assoc, ds)
            on_sent()
    finally:
        assoc.release()


def _send_one(assoc: Association, ds: Dataset) -> None:
    status = assoc.send_c_store(ds)
    if "Status" not in status:
        raise SendingFailed("the association ended before the object was acknowledged")
    if status.Status != 0:
        comment = status.get("ErrorComment", "")
        raise SendingFailed(f"{ds.SOPInstanceUID} was refused with status 0x{status.Status:04X} {comment}")
