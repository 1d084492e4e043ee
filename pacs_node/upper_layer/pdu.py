"""The seven PDUs of PS3.8 section 9.3: encoded, and decoded within their bounds. Raises MalformedPdu.

Lengths must fit to the byte; reserved fields and unknown user information sub-items are not tested, as the
standard asks (PS3.8 section 9.3.1, PS3.7 annex D.3.3).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from pacs_node.upper_layer.errors import MalformedPdu
from pacs_node.upper_layer.items import AssociateAccept, AssociateRequest, ContextResult, ProposedContext
from pacs_node.upper_layer.user_information import decode_uid, decode_user, encode_user, item, items

ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA, RELEASE_RQ, RELEASE_RP, ABORT = range(1, 8)

HEADER = 6
"""Bytes before the body: type, reserved, length."""
PDV_HEADER = 6
"""Bytes before a fragment: length, presentation context id, message control header."""
COMMAND = 0x01
LAST = 0x02
"""Bits of the message control header (PS3.8 annex E.2)."""

MOST_SYNTAXES = 256
"""Of a presentation context; the standard has some sixty, retired ones too."""
_FIXED = 68
_APPLICATION, _PROPOSED, _RESULT, _ABSTRACT, _TRANSFER, _USER = 0x10, 0x20, 0x21, 0x30, 0x40, 0x50
_HEAD = struct.Struct(">BBI")
_PDV = struct.Struct(">IBB")
_SHORTEST_PDV = 2


def decode_header(data: bytes | bytearray | memoryview) -> tuple[int, int]:
    """Type and body length of the PDU that begins here."""
    kind, _, length = _HEAD.unpack_from(data)
    if not ASSOCIATE_RQ <= kind <= ABORT:
        raise MalformedPdu(f"a PDU of type {kind:02X}H", MalformedPdu.UNRECOGNIZED_PDU)
    return kind, length


def encode(kind: int, body: bytes) -> bytes:
    """A whole PDU of the six-byte header and its body."""
    return _HEAD.pack(kind, 0, len(body)) + body


def encode_request(request: AssociateRequest) -> bytes:
    """A-ASSOCIATE-RQ (PS3.8 table 9-11). Raises ValueError for what has no encoding."""
    return encode(
        ASSOCIATE_RQ, _fixed(request) + b"".join(map(_proposed, request.contexts)) + encode_user(request.user)
    )


def encode_accept(accept: AssociateAccept, fixed: bytes = b"") -> bytes:
    """A-ASSOCIATE-AC (PS3.8 table 9-17); with `fixed`, the body of the request, its AE titles go back as they came."""
    start = _fixed(accept)
    if fixed:
        start = start[:4] + fixed[4:_FIXED] + start[_FIXED:]
    results = b"".join(
        item(_RESULT, bytes((one.context_id, 0, one.result, 0)) + item(_TRANSFER, one.transfer_syntax.encode("ascii")))
        for one in accept.contexts
    )
    return encode(ASSOCIATE_AC, start + results + encode_user(accept.user))


def encode_reject(result: int, source: int, reason: int) -> bytes:
    """A-ASSOCIATE-RJ (PS3.8 table 9-21)."""
    return encode(ASSOCIATE_RJ, bytes((0, result, source, reason)))


def encode_abort(source: int, reason: int = 0) -> bytes:
    """A-ABORT (PS3.8 table 9-26): source 0 is the service user, 2 the service provider."""
    return encode(ABORT, bytes((0, 0, source, reason)))


RELEASE_REQUEST = encode(RELEASE_RQ, bytes(4))
RELEASE_RESPONSE = encode(RELEASE_RP, bytes(4))


def pdv_header(context_id: int, control: int, length: int) -> bytes:
    """What goes before a fragment of `length` bytes in a P-DATA-TF PDU of its own, PDU header and PDV header."""
    return _HEAD.pack(P_DATA, 0, length + PDV_HEADER) + _PDV.pack(length + 2, context_id, control)


def encode_data(context_id: int, control: int, fragment: bytes) -> bytes:
    """P-DATA-TF with one presentation data value."""
    return pdv_header(context_id, control, len(fragment)) + fragment


def data_values(body: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """Presentation context id, message control header and fragment of each value in the body of a P-DATA-TF."""
    at, end = 0, len(body)
    if not end:
        raise MalformedPdu("a P-DATA-TF without a value")
    while at < end:
        if end - at < PDV_HEADER:
            raise MalformedPdu("a presentation data value without its header")
        length, context_id, control = _PDV.unpack_from(body, at)
        if length < _SHORTEST_PDV or length > end - at - 4:
            raise MalformedPdu("a presentation data value that is not within its PDU")
        yield context_id, control, body[at + PDV_HEADER : at + 4 + length]
        at += 4 + length


def decode_request(body: bytes) -> AssociateRequest:
    """The body of an A-ASSOCIATE-RQ."""
    version, called, calling = _decode_fixed(body)
    application, user = "", None
    contexts: dict[int, ProposedContext] = {}
    for kind, value in items(memoryview(body)[_FIXED:]):
        if kind == _APPLICATION:
            application = decode_uid(value)
        elif kind == _PROPOSED:
            context = _decode_proposed(value)
            if context.context_id in contexts:
                raise MalformedPdu("two presentation contexts with one id")
            contexts[context.context_id] = context
        elif kind == _USER:
            if user is not None:
                raise MalformedPdu("two user information items", MalformedPdu.UNEXPECTED_PARAMETER)
            user = decode_user(value, accept=False)
        else:
            raise MalformedPdu(f"an item of type {kind:02X}H in a request", MalformedPdu.UNRECOGNIZED_PARAMETER)
    if user is None or not contexts:
        raise MalformedPdu("a request without presentation contexts or user information")
    return AssociateRequest(
        called=called,
        calling=calling,
        contexts=tuple(contexts.values()),
        user=user,
        application_context=application,
        protocol_version=version,
    )


def decode_accept(body: bytes) -> AssociateAccept:
    """The body of an A-ASSOCIATE-AC."""
    version, called, calling = _decode_fixed(body)
    application, user = "", None
    contexts: dict[int, ContextResult] = {}
    for kind, value in items(memoryview(body)[_FIXED:]):
        if kind == _APPLICATION:
            application = decode_uid(value)
        elif kind == _RESULT:
            result = _decode_result(value)
            contexts[result.context_id] = result
        elif kind == _USER:
            user = decode_user(value, accept=True)
        else:
            raise MalformedPdu(f"an item of type {kind:02X}H in an acceptance", MalformedPdu.UNRECOGNIZED_PARAMETER)
    if user is None:
        raise MalformedPdu("an acceptance without user information")
    return AssociateAccept(
        called=called,
        calling=calling,
        contexts=tuple(contexts.values()),
        user=user,
        application_context=application,
        protocol_version=version,
    )


def decode_reject(body: bytes) -> tuple[int, int, int]:
    """Result, source and reason of an A-ASSOCIATE-RJ."""
    _, result, source, reason = _four(body)
    return result, source, reason


def decode_abort(body: bytes) -> tuple[int, int]:
    """Source and reason of an A-ABORT."""
    _, _, source, reason = _four(body)
    return source, reason


def decode_release(body: bytes) -> None:
    """The body of an A-RELEASE-RQ or -RP, which says nothing."""
    _four(body)


def _four(body: bytes) -> Iterable[int]:
    if len(body) != 4:  # noqa: PLR2004 - PS3.8 tables 9-21 and 9-24 to 9-26
        raise MalformedPdu(f"a PDU with a body of {len(body)} bytes where 4 belong")
    return body


def _fixed(said: AssociateRequest | AssociateAccept) -> bytes:
    start = struct.pack(">H2x16s16s32x", said.protocol_version, _padded(said.called), _padded(said.calling))
    return start + item(_APPLICATION, said.application_context.encode("ascii"))


def _padded(title: str) -> bytes:
    encoded = title.encode("ascii").ljust(16)
    if len(encoded) > 16:  # noqa: PLR2004 - PS3.5 section 6.2, AE
        raise ValueError(f"an AE title has at most 16 characters, not {title!r}")
    return encoded


def _decode_fixed(body: bytes) -> tuple[int, str, str]:
    if len(body) < _FIXED:
        raise MalformedPdu(f"an A-ASSOCIATE of {len(body)} bytes")
    version, called, calling = struct.unpack_from(">H2x16s16s", body)
    return version, _title(called), _title(calling)


def _title(value: bytes) -> str:
    # Some pad with NUL. What is not ASCII can't be anybody's title, but is to be seen in the log.
    return value.decode("latin-1").strip("\0 ")


def _proposed(context: ProposedContext) -> bytes:
    value = bytes((context.context_id, 0, 0, 0)) + item(_ABSTRACT, context.abstract_syntax.encode("ascii"))
    return item(
        _PROPOSED, value + b"".join(item(_TRANSFER, syntax.encode("ascii")) for syntax in context.transfer_syntaxes)
    )


def _decode_proposed(value: memoryview) -> ProposedContext:
    if len(value) < 4 or not value[0] % 2:  # noqa: PLR2004 - id and three reserved bytes
        raise MalformedPdu("a presentation context without an odd id")
    abstract: str | None = None
    syntaxes: dict[str, None] = {}
    for kind, inner in items(value[4:]):
        if kind == _ABSTRACT and abstract is None:
            abstract = decode_uid(inner)
        elif kind == _TRANSFER:
            syntaxes[decode_uid(inner)] = None
            if len(syntaxes) > MOST_SYNTAXES:
                raise MalformedPdu(f"more than {MOST_SYNTAXES} transfer syntaxes in a presentation context")
        else:
            raise MalformedPdu(
                f"an item of type {kind:02X}H in a presentation context", MalformedPdu.UNEXPECTED_PARAMETER
            )
    if not abstract or not syntaxes:
        raise MalformedPdu("a presentation context without abstract or transfer syntax")
    return ProposedContext(value[0], abstract, tuple(syntaxes))


def _decode_result(value: memoryview) -> ContextResult:
    if len(value) < 4:  # noqa: PLR2004 - id, reserved, result, reserved
        raise MalformedPdu("a presentation context without an id")
    syntax = ""
    for kind, inner in items(value[4:]):
        # That of a rejected context is not significant (PS3.8 table 9-18) and is often empty.
        if kind == _TRANSFER and value[2] == 0:
            syntax = decode_uid(inner)
    if value[2] == 0 and not syntax:
        raise MalformedPdu("an accepted presentation context without a transfer syntax")
    return ContextResult(value[0], value[2], syntax)
