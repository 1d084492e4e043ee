"""Proves that PDUs come back as they went, and that no bytes whatever do more than raise MalformedPdu."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs_node.upper_layer import pdu
from pacs_node.upper_layer.errors import MalformedPdu
from pacs_node.upper_layer.items import (
    AssociateAccept,
    AssociateRequest,
    ContextResult,
    ProposedContext,
    Role,
    UserIdentity,
    UserInformation,
)
from tests.support.raw_scu import association_request

UIDS = st.from_regex(r"[0-9.]{1,64}", fullmatch=True)
TITLES = st.from_regex(r"[A-Z0-9_]{1,16}", fullmatch=True)
CONTEXT_IDS = st.integers(0, 127).map(lambda number: 2 * number + 1)
USERS = st.builds(
    UserInformation,
    maximum_length=st.one_of(st.just(0), st.integers(16, 2**32 - 1)),
    implementation_class_uid=UIDS,
    implementation_version_name=TITLES,
    roles=st.lists(
        st.builds(Role, UIDS, st.booleans(), st.booleans()), max_size=3, unique_by=lambda role: role.sop_class_uid
    ).map(tuple),
    extended=st.lists(st.tuples(UIDS, st.binary(max_size=9)), max_size=2, unique_by=lambda said: said[0]).map(tuple),
    asynchronous=st.one_of(st.none(), st.tuples(st.integers(0, 65535), st.integers(0, 65535))),
)
IDENTITIES = st.builds(UserIdentity, st.integers(1, 5), st.booleans(), st.binary(max_size=9), st.binary(max_size=9))
PROPOSED = st.lists(
    st.builds(ProposedContext, CONTEXT_IDS, UIDS, st.lists(UIDS, min_size=1, max_size=3, unique=True).map(tuple)),
    min_size=1,
    max_size=5,
    unique_by=lambda context: context.context_id,
).map(tuple)
DECODERS = [pdu.decode_request, pdu.decode_accept, pdu.decode_reject, pdu.decode_abort, pdu.decode_release]


@given(TITLES, TITLES, PROPOSED, USERS, st.one_of(st.none(), IDENTITIES))
def test_a_request_comes_back(
    called: str, calling: str, contexts: Any, user: UserInformation, identity: UserIdentity | None
) -> None:
    request = AssociateRequest(called=called, calling=calling, contexts=contexts, user=replace(user, identity=identity))
    encoded = pdu.encode_request(request)
    assert (pdu.ASSOCIATE_RQ, len(encoded) - 6) == pdu.decode_header(encoded)
    assert request == pdu.decode_request(encoded[6:])


@given(USERS, st.one_of(st.none(), st.binary(max_size=9)))
def test_an_acceptance_comes_back(user: UserInformation, response: bytes | None) -> None:
    results = (ContextResult(1, 0, "1.2.840.10008.1.2"), ContextResult(3, 3, ""))
    accept = AssociateAccept(called="A", calling="B", contexts=results, user=replace(user, identity_response=response))
    assert accept == pdu.decode_accept(pdu.encode_accept(accept)[6:])


@given(st.binary(max_size=300))
def test_no_bytes_do_more_than_raise(data: bytes) -> None:
    for decode in DECODERS:
        _only_malformed(decode, data)
        _only_malformed(decode, bytes(68) + data)
    _only_malformed(lambda body: list(pdu.data_values(memoryview(body))), data)


REQUEST = association_request("CLINIC", "DOKUEI", [("1.2.3", ["1.2.840.10008.1.2"])])


@given(st.integers(0, len(REQUEST) - 1), st.integers(0, 255))
def test_a_request_with_one_byte_changed_does_no_more_than_raise(at: int, byte: int) -> None:
    _only_malformed(pdu.decode_request, REQUEST[:at] + bytes([byte]) + REQUEST[at + 1 :])


@pytest.mark.parametrize("length", range(len(REQUEST)))
def test_a_request_that_is_cut_off_is_malformed(length: int) -> None:
    with pytest.raises(MalformedPdu):
        pdu.decode_request(REQUEST[:length])


def _only_malformed(decode: Any, data: bytes) -> None:
    with suppress(MalformedPdu):
        decode(data)


def _item(kind: int, value: bytes) -> bytes:
    return bytes([kind, 0]) + len(value).to_bytes(2, "big") + value


def _named(kind: int, uid: bytes, rest: bytes) -> bytes:
    return _item(kind, len(uid).to_bytes(2, "big") + uid + rest)


CONTEXT = bytes([1, 0, 0, 0]) + _item(0x30, b"1.2") + _item(0x40, b"1.2")
USER = _item(0x50, _item(0x51, bytes([0, 0, 64, 0])))


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        (_item(0x20, CONTEXT), 6),
        (USER, 6),
        (_item(0x20, CONTEXT) * 2 + USER, 6),
        (_item(0x20, b"\2" + CONTEXT[1:]) + USER, 6),
        (_item(0x20, CONTEXT[:4] + _item(0x30, b"1.2")) + USER, 6),
        (_item(0x20, CONTEXT[:4] + _item(0x40, b"1.2")) + USER, 6),
        (_item(0x20, CONTEXT + _item(0x30, b"1.2")) + USER, 5),
        (_item(0x20, CONTEXT[:4] + _item(0x30, b"CT image") + _item(0x40, b"1.2")) + USER, 6),
        (_item(0x20, CONTEXT) + USER + USER, 5),
        (_item(0x20, CONTEXT) + _item(0x77, b"") + USER, 4),
        (_item(0x20, CONTEXT) + _item(0x50, _item(0x51, b"\0")), 6),
        (_item(0x20, CONTEXT) + _item(0x50, _item(0x51, bytes([0, 0, 0, 7]))), 6),
        (_item(0x20, CONTEXT) + _item(0x50, _item(0x54, b"\0\3.1.2\2\0")), 6),
        (_item(0x20, CONTEXT) + _item(0x50, _item(0x58, b"\1\0\xff\xff")), 6),
        (_item(0x20, CONTEXT) + _item(0x50, b"".join(_named(0x54, b"1.%d" % n, b"\0\1") for n in range(300))), 6),
        (_item(0x20, CONTEXT) + _item(0x50, b"".join(_named(0x56, b"1.%d" % n, b"\1") for n in range(300))), 6),
        (_item(0x20, CONTEXT) + _item(0x50, _item(0x57, b"") * 300), 6),
        (_item(0x20, CONTEXT + b"".join(_item(0x40, b"1.%d" % n) for n in range(300))) + USER, 6),
    ],
)
def test_malformed_items_have_the_abort_reason_of_the_standard(items: bytes, reason: int) -> None:
    with pytest.raises(MalformedPdu) as malformed:
        pdu.decode_request(REQUEST[:68] + items)
    assert reason == malformed.value.reason


def test_what_is_unknown_in_user_information_is_passed_over() -> None:
    user = _item(0x50, _item(0x51, bytes([0, 0, 64, 0])) + _item(0x7A, b"anything"))
    assert pdu.decode_request(REQUEST[:68] + _item(0x20, CONTEXT) + user).user.maximum_length == 16384


def test_of_items_that_belong_there_once_the_first_counts() -> None:
    repeated = [
        _item(0x51, bytes([0, 0, 64, 0])) + _item(0x51, bytes([0, 0, 32, 0])),
        _item(0x52, b"1.2") + _item(0x52, b"1.3"),
        _item(0x53, b"\0\2\0\2") + _item(0x53, b"\0\1\0\1"),
        _named(0x54, b"1.2", b"\0\1") + _named(0x54, b"1.2", b"\1\0") * 1000,
        _item(0x55, b"FIRST") + _item(0x55, b"SECOND"),
        _named(0x56, b"1.2", b"\1") + _named(0x56, b"1.2", b"\0") * 1000,
        _item(0x58, b"\1\0\0\1a\0\0") + _item(0x58, b"\1\0\0\1b\0\0"),
    ]
    request = REQUEST[:68] + _item(0x20, CONTEXT + _item(0x40, b"1.2") * 1000) + _item(0x50, b"".join(repeated))
    decoded = pdu.decode_request(request)
    assert decoded.contexts == (ProposedContext(1, "1.2", ("1.2",)),)
    assert decoded.user == UserInformation(
        maximum_length=16384,
        implementation_class_uid="1.2",
        implementation_version_name="FIRST",
        asynchronous=(2, 2),
        roles=(Role("1.2", False, True),),
        extended=(("1.2", b"\1"),),
        identity=UserIdentity(1, False, b"a"),
    )


@pytest.mark.parametrize("kind", [0, 8, 0x47, 255])
def test_an_unknown_pdu_type_is_named_so(kind: int) -> None:
    with pytest.raises(MalformedPdu) as malformed:
        pdu.decode_header(bytes([kind, 0, 0, 0, 0, 0]))
    assert malformed.value.reason == MalformedPdu.UNRECOGNIZED_PDU


def test_data_values_come_apart() -> None:
    body = pdu.encode_data(1, 3, b"command")[6:] + pdu.encode_data(5, 0, b"")[6:]
    assert [(1, 3, b"command"), (5, 0, b"")] == [(a, b, bytes(c)) for a, b, c in pdu.data_values(memoryview(body))]
