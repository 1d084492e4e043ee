"""What the services of procedures and commitment share on the wire: data sets in and out, statuses with words."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from pydicom.dataset import Dataset
from pynetdicom.dsutils import encode

from pacs_node.header.dataset import read_dataset
from pacs_node.header.elements import BrokenDataSet
from shared_kernel.errors import InvalidInput

if TYPE_CHECKING:
    from pacs_node.scp.association import NodeAssociation

SUCCESS = 0x0000
CANCELLED = 0xFE00
PENDING = 0xFF00
PENDING_UNMATCHED = 0xFF01
INVALID_ATTRIBUTE_VALUE = 0x0106
PROCESSING_FAILURE = 0x0110
DUPLICATE_SOP_INSTANCE = 0x0111
NO_SUCH_SOP_INSTANCE = 0x0112
INVALID_OBJECT_INSTANCE = 0x0117
NO_SUCH_ACTION = 0x0123
NOT_AUTHORISED = 0x0124
MISSING_ATTRIBUTE = 0x0120
MISSING_ATTRIBUTE_VALUE = 0x0121
INVALID_ARGUMENT_VALUE = 0x0115
RESOURCE_LIMITATION = 0x0213
OUT_OF_RESOURCES = 0xA700
IDENTIFIER_MISMATCH = 0xA900
UNABLE_TO_PROCESS = 0xC001

_LONGEST_COMMENT = 64


class Undecodable(InvalidInput):
    """The bytes are no data set of the context's transfer syntax."""

    code = "undecodable"


def data_set(association: NodeAssociation, context_id: int, received: BytesIO | None) -> Dataset:
    """The data set that came with a request, every element read. Raises Undecodable, also for one of too many parts."""
    syntax = _syntax(association, context_id)
    if received is None:
        return Dataset()
    try:
        return read_dataset(
            received.getvalue(), explicit=not syntax.is_implicit_VR, big_endian=not syntax.is_little_endian
        )
    except BrokenDataSet as error:
        raise Undecodable(reason=str(error)[:200]) from error


def encoded(association: NodeAssociation, context_id: int, ds: Dataset) -> BytesIO:
    """A data set of ours as it goes out. Its texts are declared already. Raises ValueError."""
    syntax = _syntax(association, context_id)
    made = encode(ds, syntax.is_implicit_VR, syntax.is_little_endian, syntax.is_deflated)
    if made is None:
        raise ValueError("a data set of ours can't be encoded")
    return BytesIO(made)


def answer(response: Any, status: int, comment: str = "", error_id: int | None = None) -> Any:
    """Give a response its status, and the words and number that go with a failure (PS3.7 annex C)."""
    response.Status = status
    if comment:
        response.ErrorComment = comment.encode("ascii", "replace").decode()[:_LONGEST_COMMENT]
    if error_id is not None:
        response.ErrorID = error_id
    return response


def said_of(refusal: InvalidInput) -> str:
    """The comment that names the attribute which is refused, and what it should be."""
    return f"{refusal.details.get('key')}: {refusal.details.get('rule')} is wanted"


def _syntax(association: NodeAssociation, context_id: int) -> Any:
    return association._accepted_cx[context_id].transfer_syntax[0]
