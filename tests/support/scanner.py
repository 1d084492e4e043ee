"""A clinic's scanner: sends objects by C-STORE with pynetdicom, as an independent sender."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO

from pydicom import dcmread
from pynetdicom import AE

from tests.support import requesting
from tests.support.hub_process import HubProcess


def send(hub: HubProcess, objects: Iterable[bytes], *, calling: str) -> list[int]:
    """Send every object on one association; the status of each answer."""
    read = [dcmread(BytesIO(data)) for data in objects]
    ae = AE(ae_title=calling)
    for sop_class, syntax in sorted({(str(ds.SOPClassUID), str(ds.file_meta.TransferSyntaxUID)) for ds in read}):
        ae.add_requested_context(sop_class, syntax)
    assoc = requesting.associate(ae, *hub.dicom, ae_title=hub.ae_title)
    assert assoc.is_established
    statuses = [assoc.send_c_store(ds).Status for ds in read]
    assoc.release()
    return statuses
