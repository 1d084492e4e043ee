"""The data sets of Storage Commitment (PS3.4 tables J.3-1 and J.3-2), to and from values."""

from __future__ import annotations

from collections.abc import Iterable

from pydicom.dataset import Dataset

from pacs_node.commitment.model import CONFIRMED, PROCESSING_FAILURE, Commitment, Reference
from pacs_node.header.scan import uid
from shared_kernel.errors import InvalidInput


def action_information(commitment: Commitment) -> Dataset:
    """What an N-ACTION of ours says."""
    ds = Dataset()
    ds.TransactionUID = commitment.transaction_uid
    ds.ReferencedSOPSequence = [_item(each) for each in commitment.references]
    return ds


def event_information(commitment: Commitment, *, retrieve_from: str) -> Dataset:
    """What an N-EVENT-REPORT of ours says: confirmed instances, and failed ones with FailureReason (0008,1197)."""
    ds = Dataset()
    ds.TransactionUID = commitment.transaction_uid
    good = [each for each in commitment.references if each.failure_reason == CONFIRMED]
    bad = [each for each in commitment.references if each.failure_reason != CONFIRMED]
    if good:
        ds.RetrieveAETitle = retrieve_from
        ds.ReferencedSOPSequence = [_item(each) for each in good]
    if bad:
        ds.FailedSOPSequence = [_item(each) for each in bad]
        for item, each in zip(ds.FailedSOPSequence, bad, strict=True):
            item.FailureReason = PROCESSING_FAILURE if each.failure_reason is None else each.failure_reason
    return ds


def read_request(ds: Dataset) -> tuple[str, list[Reference]]:
    """Transaction UID and instances of an N-ACTION. Raises InvalidInput."""
    references = list(_references(ds, "ReferencedSOPSequence"))
    if not references:
        raise InvalidInput(key="ReferencedSOPSequence", rule="at least one item")
    return _uid(ds, "TransactionUID"), list({each.sop_instance_uid: each for each in references}.values())


def read_report(ds: Dataset) -> tuple[str, list[Reference]]:
    """Transaction UID and results of an N-EVENT-REPORT. Raises InvalidInput."""
    good = [
        Reference(each.sop_class_uid, each.sop_instance_uid, CONFIRMED)
        for each in _references(ds, "ReferencedSOPSequence")
    ]
    bad = [
        Reference(each.sop_class_uid, each.sop_instance_uid, each.failure_reason or PROCESSING_FAILURE)
        for each in _references(ds, "FailedSOPSequence")
    ]
    return _uid(ds, "TransactionUID"), good + bad


def _references(ds: Dataset, keyword: str) -> Iterable[Reference]:
    for item in ds.get(keyword) or ():
        reason = item.get("FailureReason")
        yield Reference(
            _uid(item, "ReferencedSOPClassUID"),
            _uid(item, "ReferencedSOPInstanceUID"),
            reason if isinstance(reason, int) else None,
        )


def _uid(ds: Dataset, keyword: str) -> str:
    value = str(ds.get(keyword) or "")
    if uid(value) is None:
        raise InvalidInput(key=keyword, rule="a UID")
    return value


def _item(each: Reference) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = each.sop_class_uid
    item.ReferencedSOPInstanceUID = each.sop_instance_uid
    return item
