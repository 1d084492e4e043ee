"""Which presentation contexts to propose for what is to be sent, and which of the accepted ones to use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pacs_node.model import InstanceRecord
from pacs_node.transcoding.outgoing import reachable
from pacs_node.upper_layer.requestor import MOST_CONTEXTS, AcceptedContext, Proposal


def ways(stored: str, accepts: Sequence[str]) -> list[str]:
    """Transfer syntaxes in which an instance stored in `stored` may go to a peer with this setting, the best first."""
    return [syntax for syntax in reachable(stored) if not accepts or syntax in accepts]


def batches(records: Iterable[InstanceRecord], accepts: Sequence[str]) -> Iterator[list[InstanceRecord]]:
    """The instances in their order, as many together as one association has contexts for."""
    batch: list[InstanceRecord] = []
    needed: set[tuple[str, str]] = set()
    for record in records:
        more = {(record.sop_class_uid, syntax) for syntax in ways(record.transfer_syntax_uid, accepts)}
        if batch and len(needed | more) > MOST_CONTEXTS:
            yield batch
            batch, needed = [], set()
        batch.append(record)
        needed |= more
    if batch:
        yield batch


def proposals(batch: Iterable[InstanceRecord], accepts: Sequence[str]) -> list[Proposal]:
    """One context for each SOP class and transfer syntax: a peer then says of each whether it takes it."""
    pairs = dict.fromkeys(
        (record.sop_class_uid, syntax) for record in batch for syntax in ways(record.transfer_syntax_uid, accepts)
    )
    return [Proposal(sop_class, (syntax,)) for sop_class, syntax in pairs]


def chosen(
    record: InstanceRecord, accepted: Iterable[AcceptedContext], accepts: Sequence[str] = ()
) -> AcceptedContext | None:
    """The accepted context that needs the least change; None where none will do."""
    by_syntax = {
        one.transfer_syntax: one for one in accepted if one.abstract_syntax == record.sop_class_uid and one.scu
    }
    return next(
        (by_syntax[syntax] for syntax in ways(record.transfer_syntax_uid, accepts) if syntax in by_syntax), None
    )
