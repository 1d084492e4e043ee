"""What strangers' bytes reach first, each as a function that takes any bytes and raises only what it promises to.

One list for two drivers: pytest runs each with some examples of hypothesis, `python -m tests.fuzz` for as long as one
likes with atheris, which sees the branches that an input takes.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from pydicom import config
from pydicom.dataset import Dataset
from pydicom.uid import HTJ2KLosslessRPCL, JPEGLSLossless
from pynetdicom.dsutils import encode as encode_data_set

from pacs_node.archive.paging import conditions_of
from pacs_node.errors import MissingIdentifier, NotDicom
from pacs_node.header.dataset import read_dataset
from pacs_node.header.elements import BrokenDataSet
from pacs_node.header.scan import scan, scan_head
from pacs_node.procedures import matching
from pacs_node.scp.query_retrieve.errors import RequestRefused
from pacs_node.scp.query_retrieve.extended import Extended
from pacs_node.scp.query_retrieve.identifier import read_identifier
from pacs_node.scp.query_retrieve.models import MODELS
from pacs_node.scp.query_retrieve.question import understood
from pacs_node.transcoding import jpeg_lossless
from pacs_node.transcoding.codestream import resolutions, size_of
from pacs_node.transcoding.encoders import encode
from pacs_node.upper_layer import command_set as cs
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
from pacs_node.upper_layer.messages import Assembler
from shared_kernel.errors import InvalidInput
from tests.pacs_node.transcoding.test_jpeg_lossless import WHOLE
from tests.support.objects import ct

IMPLICIT, EXPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
SYNTAXES = (IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED)


@dataclass(frozen=True, slots=True)
class Target:
    """`run` takes any bytes; `seeds` are some that mean something."""

    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]


def associate_request(data: bytes) -> None:
    """An A-ASSOCIATE-RQ body; what is understood says the same when it is written and read again."""
    try:
        request = pdu.decode_request(data)
    except MalformedPdu:
        return
    written = (request.called, request.calling, request.user.implementation_version_name)
    # What is said without an application context is refused later, with a reason of its own.
    if request.application_context and "".join(written).isascii():
        again = pdu.decode_request(pdu.encode_request(request)[pdu.HEADER :])
        assert (again.contexts, again.user.roles, again.user.extended) == (
            request.contexts,
            request.user.roles,
            request.user.extended,
        )


def other_pdus(data: bytes) -> None:
    """The bodies of the six other PDUs, by the first byte, and their fragments put together."""
    kind, body = data[:1], data[1:]
    try:
        if kind and kind[0] % 4:
            for decode in (pdu.decode_accept, pdu.decode_reject, pdu.decode_abort, pdu.decode_release)[kind[0] % 4 :]:
                decode(body)
            return
        assembler = Assembler()
        for value in pdu.data_values(memoryview(body)):
            assembler.take(*value)
    except MalformedPdu:
        pass


def command_set(data: bytes) -> None:
    """A command set, and what is asked of it."""
    try:
        command = cs.decode(data)
        elements = {element: value for element, value in command.items() if element}
        again = cs.decode(cs.encode(elements))
        assert {element: value for element, value in again.items() if element} == elements
        _ = (command.text(cs.AFFECTED_SOP_INSTANCE_UID), command.text(cs.ERROR_COMMENT))
        _ = (command.field, command.message_id, command.status, command.has_data_set)
    except MalformedPdu:
        pass


def header_scan(data: bytes) -> None:
    """A stored data set's header: read in memory and from a file it is the same."""
    syntax, data = SYNTAXES[(data[:1] or b"\0")[0] % len(SYNTAXES)], data[1:]
    try:
        quick = scan_head(data, 0, syntax, "1.2.3")
    except MissingIdentifier:
        quick = None
    try:
        thorough = scan(io.BytesIO(data), 0, syntax, "1.2.3")
    except (NotDicom, MissingIdentifier):
        return
    assert quick is None or quick == thorough


def find_identifier(data: bytes) -> None:
    """The identifier of a C-FIND, up to the conditions that the database is asked."""
    options, data = (data[:1] or b"\0")[0], data[1:]
    syntax, model = SYNTAXES[options % 3], MODELS[options // 3 % len(MODELS)]
    extended = Extended(*(bool(options >> bit & 1) for bit in range(4, 8)))
    try:
        identifier = read_identifier(data, syntax, "ISO_IR 192" if options & 8 else "")
        question = understood(identifier, model, extended, frozenset({"CLINIC"}))
        conditions_of(question.find, "sqlite")
        conditions_of(question.find, "postgresql")
    except (BrokenDataSet, RequestRefused, InvalidInput):
        pass


def message_data_set(data: bytes) -> None:
    """The data set of a worklist query or a performed step."""
    syntax, data = SYNTAXES[(data[:1] or b"\0")[0] % 3], data[1:]
    try:
        ds = read_dataset(data, explicit=syntax != IMPLICIT, big_endian=syntax == BIG_ENDIAN)
        matching.check(ds)
        matching.wanted(ds, "CLINIC")
        matching.unmatched(ds)
    except (BrokenDataSet, InvalidInput):
        pass


def codestream(data: bytes) -> None:
    """A compressed frame: what its head says of it, and JPEG lossless decoded."""
    size_of(data)
    resolutions(data)
    with suppress(ValueError):
        assert jpeg_lossless.decode(data, most_samples=2**12).size <= 2**12


def _codestreams() -> list[bytes]:
    samples = np.arange(24 * 32, dtype=np.uint16).reshape(24, 32) * 5
    return [encode(samples, HTJ2KLosslessRPCL, 12), encode(samples, JPEGLSLossless, 12), WHOLE]


def _users() -> UserInformation:
    return UserInformation(
        maximum_length=16384,
        implementation_class_uid="1.2.3",
        implementation_version_name="SEED",
        roles=(Role("1.2.840.10008.5.1.4.1.1.2", True, True),),
        extended=(("1.2.840.10008.5.1.4.1.2.2.1", b"\1\1\1\1"),),
        common_extended=(b"\0\3\x31\x2e\x32\0\0",),
        asynchronous=(1, 1),
        identity=UserIdentity(2, True, b"name", b"word"),
    )


def _requests() -> list[bytes]:
    contexts = tuple(ProposedContext(2 * n + 1, f"1.2.840.10008.5.1.4.1.1.{n}", (IMPLICIT, EXPLICIT)) for n in range(3))
    request = AssociateRequest(called="DOKUEI", calling="CLINIC_CT", contexts=contexts, user=_users())
    return [pdu.encode_request(request)[pdu.HEADER :]]


def _others() -> list[bytes]:
    results = (ContextResult(1, 0, IMPLICIT), ContextResult(3, 3, ""))
    accept = AssociateAccept(called="A", calling="B", contexts=results, user=_users())
    command = cs.encode({cs.COMMAND_FIELD: cs.C_FIND_RQ, cs.MESSAGE_ID: 1, cs.COMMAND_DATA_SET_TYPE: cs.DATA_SET})
    message = pdu.encode_data(1, pdu.COMMAND | pdu.LAST, command) + b"", pdu.encode_data(1, pdu.LAST, b"keys")
    bodies = b"".join(part[pdu.HEADER :] for part in message)
    return [b"\1" + pdu.encode_accept(accept)[pdu.HEADER :], b"\2\0\1\1\3", b"\3\0\0\2\2", b"\0" + bodies]


def _commands() -> list[bytes]:
    store: dict[int, int | str | bytes] = {
        cs.AFFECTED_SOP_CLASS_UID: "1.2.840.10008.5.1.4.1.1.2",
        cs.COMMAND_FIELD: cs.C_STORE_RQ,
        cs.MESSAGE_ID: 7,
        cs.COMMAND_DATA_SET_TYPE: cs.DATA_SET,
        cs.AFFECTED_SOP_INSTANCE_UID: "1.2.3.4",
        cs.MOVE_ORIGINATOR_AE_TITLE: "OTHER",
    }
    return [cs.encode(store), cs.encode({cs.COMMAND_FIELD: 0x8001, cs.STATUS: 0xA700, cs.ERROR_COMMENT: "full"})]


def _headers() -> list[bytes]:
    made = [ct(syntax, PixelData=b"").data_set for syntax in (IMPLICIT, EXPLICIT, BIG_ENDIAN)]
    return [bytes([number]) + data for number, data in enumerate(made)]


@config.disable_value_validation()
def _identifiers() -> list[bytes]:
    ds = Dataset()
    ds.SpecificCharacterSet, ds.QueryRetrieveLevel = ["", "ISO 2022 IR 87"], "STUDY"
    ds.PatientName, ds.PatientID, ds.StudyDate, ds.StudyTime = "YAMADA*=山田^太郎", "P-1", "20260101-20261231", "0900-"
    ds.StudyInstanceUID, ds.ModalitiesInStudy, ds.AccessionNumber = ["1.2", "1.3"], ["CT", "MR"], "A?1*"
    ds.TimezoneOffsetFromUTC, ds.NumberOfStudyRelatedInstances = "+0000", ""
    return [bytes([number]) + data for number, data in enumerate(_encoded(ds))]


@config.disable_value_validation()
def _data_sets() -> list[bytes]:
    step = Dataset()
    step.Modality, step.ScheduledProcedureStepStartDate = "CT", "20260101-"
    step.ScheduledProcedureStepStartTime, step.ScheduledStationAETitle = "0900-1000", "CT1"
    ds = Dataset()
    ds.SpecificCharacterSet, ds.PatientName, ds.PatientWeight = "ISO_IR 192", "山田*", "60.5"
    ds.PatientBirthDate, ds.Rows, ds.ScheduledProcedureStepSequence = "1970-", 512, [step]
    return [bytes([number]) + data for number, data in enumerate(_encoded(ds))]


def _encoded(ds: Dataset) -> list[bytes]:
    return [encode_data_set(ds, *how) or b"" for how in ((True, True), (False, True), (False, False))]


TARGETS: dict[str, Target] = {
    "associate_request": Target(associate_request, _requests),
    "other_pdus": Target(other_pdus, _others),
    "command_set": Target(command_set, _commands),
    "header_scan": Target(header_scan, _headers),
    "find_identifier": Target(find_identifier, _identifiers),
    "message_data_set": Target(message_data_set, _data_sets),
    "codestream": Target(codestream, _codestreams),
}


def changed(seed: bytes, changes: list[tuple[int, bytes]], cut: int) -> bytes:
    """A seed with some bytes written over and its end cut off, for drivers that do not see branches."""
    data = bytearray(seed)
    for at, instead in changes:
        place = at % (len(data) + 1)
        data[place : place + len(instead)] = instead
    return bytes(data[: len(data) - cut] if cut else data)


LENGTHS = (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xfe\xff\0\xe0", b"\xfe\xff\xdd\xe0", struct.pack("<I", 2**31))
"""Bytes that make lengths and delimiters of what they are written over."""
