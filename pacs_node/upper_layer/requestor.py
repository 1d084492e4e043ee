"""An association that we open: propose, send messages, read answers, release (PS3.8 section 7, PS3.7 section 9.3)."""

from __future__ import annotations

import socket
import ssl
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType

from pacs_node.upper_layer import command_set as cs
from pacs_node.upper_layer import pdu
from pacs_node.upper_layer.channel import Channel
from pacs_node.upper_layer.command_set import CommandSet
from pacs_node.upper_layer.errors import (
    Aborted,
    AssociationError,
    ConnectionLost,
    MalformedPdu,
    NotAccepted,
    Refused,
)
from pacs_node.upper_layer.items import AssociateAccept, AssociateRequest, ProposedContext, Role, UserInformation
from pacs_node.upper_layer.machine import RECEIVED, Action, Event, Machine, State
from pacs_node.upper_layer.messages import Assembler, Message

VERIFICATION = "1.2.840.10008.1.1"
IMPLICIT_LITTLE = "1.2.840.10008.1.2"
MAXIMUM_PDU = 256 * 1024
"""Bytes of a P-DATA-TF PDU that we announce, and the most that we send in one."""
MOST_CONTEXTS = 128
_MOST_MESSAGE_ID = 0xFFFF
_MESSAGE = 10
"""A whole message has as many times the patience that one answer has."""
_ABORT_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Proposal:
    """A presentation context to propose; with `scp`, we offer to be the SCP (role selection), as C-GET wants it."""

    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]
    scp: bool = False


@dataclass(frozen=True, slots=True)
class AcceptedContext:
    """A presentation context that the peer accepted, and the roles in which we may use it."""

    context_id: int
    abstract_syntax: str
    transfer_syntax: str
    scu: bool = True
    scp: bool = False


@dataclass(frozen=True, slots=True)
class FilePart:
    """A data set that lies in an open file: its descriptor, and where."""

    file: int
    offset: int
    length: int


DataSet = bytes | memoryview | FilePart


class Requestor:
    """One association, opened by `open`; for one thread. Ends with `release` or, after an error, with `abort`.

    As a context manager it releases at the end of its block, and aborts when the block raises.
    """

    def __init__(self, channel: Channel, *, calling: str, called: str) -> None:
        self._channel = channel
        self._machine = Machine(requestor=True)
        self.calling, self.called = calling, called
        self.accepted: dict[int, AcceptedContext] = {}
        self.peer = UserInformation()
        """What the peer said of itself."""
        self._largest = MAXIMUM_PDU
        self._last_message_id = 0
        self._assembler = Assembler()
        self._received: deque[Message] = deque()

    @classmethod
    def open(
        cls,
        address: tuple[str, int],
        *,
        calling: str,
        called: str,
        proposals: Sequence[Proposal],
        implementation_class_uid: str,
        implementation_version_name: str = "",
        tls: ssl.SSLContext | None = None,
        server_name: str | None = None,
        connect_patience: float = 10.0,
        patience: float = 60.0,
    ) -> Requestor:
        """Connect and associate; at most 128 proposals. `patience` is how long an answer is waited for, in seconds.

        `tls` makes the connection a TLS one, checked for `server_name` (the host unless said).
        Raises Refused, ConnectionLost, NoAnswer, Aborted, MalformedPdu.
        """
        try:
            sock = socket.create_connection(address, timeout=connect_patience)
        except OSError as error:
            raise ConnectionLost(f"no connection to {address[0]}:{address[1]}: {error}") from error
        try:
            if tls is not None:
                sock = tls.wrap_socket(sock, server_hostname=server_name or address[0])
            channel = Channel(sock, patience=patience)
            association = cls(channel, calling=calling, called=called)
            user = UserInformation(
                maximum_length=MAXIMUM_PDU,
                implementation_class_uid=implementation_class_uid,
                implementation_version_name=implementation_version_name,
                roles=_roles(proposals),
            )
            association._associate(proposals, user)
        except AssociationError:
            sock.close()
            raise
        except OSError as error:
            sock.close()
            raise ConnectionLost(f"no association with {address[0]}:{address[1]}: {error}") from error
        except BaseException:
            sock.close()
            raise
        return association

    def context_for(self, abstract_syntax: str, transfer_syntax: str | None = None) -> AcceptedContext:
        """The accepted context for this (in any transfer syntax where none is said). Raises NotAccepted."""
        for context in self.accepted.values():
            if context.abstract_syntax == abstract_syntax and transfer_syntax in (None, context.transfer_syntax):
                return context
        raise NotAccepted(f"the peer accepted no context for {abstract_syntax} in {transfer_syntax or 'any syntax'}")

    def next_message_id(self) -> int:
        """A message id that is not in use."""
        self._last_message_id = self._last_message_id % _MOST_MESSAGE_ID + 1
        return self._last_message_id

    def send(self, context_id: int, command: bytes, data_set: DataSet | None = None) -> None:
        """Send a message: an encoded command set, and a data set in the context's syntax.

        Raises ConnectionLost, NoAnswer (the peer takes nothing).
        """
        self._machine.on(Event.DATA_DUE)
        starts = range(0, len(command), self._largest - pdu.PDV_HEADER)
        for start in starts:
            part = command[start : start + self._largest - pdu.PDV_HEADER]
            last = pdu.LAST if start == starts[-1] else 0
            encoded = pdu.encode_data(context_id, pdu.COMMAND | last, part)
            self._channel.send(encoded, more=data_set is not None)
        if isinstance(data_set, FilePart):
            self._send_file(context_id, data_set)
        elif data_set is not None:
            self._send_bytes(context_id, memoryview(data_set))

    def receive(self, *, patience: float | None = None) -> Message:
        """The next message of the peer, a response as a rule, within `patience` seconds.

        Unless said, it has ten times what a single answer has: a peer that dribbles holds nobody for ever.
        Raises Aborted, NoAnswer, ConnectionLost (the peer released or closed), MalformedPdu.
        """
        until = time.monotonic() + (_MESSAGE * self._channel.patience if patience is None else patience)
        while not self._received:
            silence = until if patience is not None else min(until, time.monotonic() + self._channel.patience)
            action, body = self._next(silence)
            if action is Action.DT_2:
                self._take(body)
            else:  # the peer released while we wait for its answer
                self._machine.on(Event.RELEASE_RESPONSE_DUE)
                self._channel.send(pdu.RELEASE_RESPONSE)
                self._end()
                raise ConnectionLost("the peer released the association")
        return self._received.popleft()

    def echo(self) -> int:
        """C-ECHO; returns the status. Raises as `send` and `receive` do, and NotAccepted."""
        context = self.context_for(VERIFICATION)
        command: dict[int, int | str | bytes] = {
            cs.AFFECTED_SOP_CLASS_UID: VERIFICATION,
            cs.COMMAND_FIELD: cs.C_ECHO_RQ,
            cs.MESSAGE_ID: self.next_message_id(),
            cs.COMMAND_DATA_SET_TYPE: cs.NO_DATA_SET,
        }
        self.send(context.context_id, cs.encode(command))
        return self.receive().command.status

    def store(
        self,
        context_id: int,
        sop_class_uid: str,
        sop_instance_uid: str,
        data_set: DataSet,
        *,
        priority: int = cs.MEDIUM,
        originator: tuple[str, int] | None = None,
    ) -> CommandSet:
        """C-STORE a data set that is in the context's transfer syntax; returns the response.

        `originator` is the AE title and message id of the C-MOVE that this belongs to. Raises as `send` and
        `receive` do.
        """
        message_id = self.ask_to_store(
            context_id, sop_class_uid, sop_instance_uid, data_set, priority=priority, originator=originator
        )
        return self.answer_to_store(message_id)

    def ask_to_store(
        self,
        context_id: int,
        sop_class_uid: str,
        sop_instance_uid: str,
        data_set: DataSet | None,
        *,
        priority: int = cs.MEDIUM,
        originator: tuple[str, int] | None = None,
    ) -> int:
        """The first half of `store`: returns the message id, whose answer must be heard before the next is asked."""
        message_id = self.next_message_id()
        command: dict[int, int | str | bytes] = {
            cs.AFFECTED_SOP_CLASS_UID: sop_class_uid,
            cs.COMMAND_FIELD: cs.C_STORE_RQ,
            cs.MESSAGE_ID: message_id,
            cs.PRIORITY: priority,
            cs.COMMAND_DATA_SET_TYPE: cs.DATA_SET,
            cs.AFFECTED_SOP_INSTANCE_UID: sop_instance_uid,
        }
        if originator is not None:
            command[cs.MOVE_ORIGINATOR_AE_TITLE], command[cs.MOVE_ORIGINATOR_MESSAGE_ID] = originator
        self.send(context_id, cs.encode(command), data_set)
        return message_id

    def answer_to_store(self, message_id: int) -> CommandSet:
        """The second half of `store`: the response to what was asked."""
        response = self.receive().command
        if response.field != cs.C_STORE_RSP or response.number(cs.MESSAGE_ID_BEING_RESPONDED_TO) != message_id:
            raise MalformedPdu("a response to another request")
        return response

    def release(self) -> None:
        """End the association in order; after an error on the way it is closed all the same, and nothing is raised."""
        if self._machine.state is not State.ESTABLISHED:
            self.abort()
            return
        try:
            self._machine.on(Event.RELEASE_DUE)
            self._channel.send(pdu.RELEASE_REQUEST)
            until = time.monotonic() + self._channel.patience
            while (action := self._next(until)[0]) is not Action.AR_3:
                if action is Action.AR_8:  # both released at the same time
                    self._machine.on(Event.RELEASE_RESPONSE_DUE)
                    self._channel.send(pdu.RELEASE_RESPONSE)
        except AssociationError:
            pass
        finally:
            self._end()

    def abort(self) -> None:
        """End the association at once; a second time changes nothing."""
        if self._machine.state not in (State.IDLE, State.AWAITING_CLOSE):
            self._machine.on(Event.ABORT_DUE)
            try:
                self._channel.be_patient(_ABORT_SECONDS)
                self._channel.send(pdu.encode_abort(0))
            except AssociationError:
                pass
        self._end()

    def interrupt(self) -> None:
        """From any thread: what waits here raises ConnectionLost."""
        self._channel.interrupt()

    def cut(self) -> None:
        """From any thread: as `interrupt`, and whoever is sending raises ConnectionLost too."""
        self._channel.cut()

    def __enter__(self) -> Requestor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.release()
        else:
            self.abort()

    def _associate(self, proposals: Sequence[Proposal], user: UserInformation) -> None:
        if not 0 < len(proposals) <= MOST_CONTEXTS:
            raise ValueError(f"1 to {MOST_CONTEXTS} presentation contexts can be proposed, not {len(proposals)}")
        contexts = tuple(
            ProposedContext(2 * number + 1, proposal.abstract_syntax, proposal.transfer_syntaxes)
            for number, proposal in enumerate(proposals)
        )
        request = AssociateRequest(called=self.called, calling=self.calling, contexts=contexts, user=user)
        self._machine.on(Event.ASSOCIATE_DUE)
        self._machine.on(Event.TRANSPORT_OPENED)
        self._channel.send(pdu.encode_request(request))
        action, body = self._next(time.monotonic() + self._channel.patience)
        if action is Action.AE_4:
            why = pdu.decode_reject(bytes(body))
            self._end()
            raise Refused(*why)
        answer = self._decoded(body)
        self.peer = answer.user
        limit = answer.user.maximum_length or MAXIMUM_PDU
        self._largest = min(limit, MAXIMUM_PDU)
        roles = {role.sop_class_uid: role for role in answer.user.roles}
        for one in answer.contexts:
            index = one.context_id // 2
            if one.result or not one.context_id % 2 or index >= len(proposals):
                continue
            proposal = proposals[index]
            if one.transfer_syntax not in proposal.transfer_syntaxes:
                continue
            role = roles.get(proposal.abstract_syntax) if proposal.scp else None
            self.accepted[one.context_id] = AcceptedContext(
                one.context_id,
                proposal.abstract_syntax,
                one.transfer_syntax,
                scu=role.scu if role else True,
                scp=role.scp if role else False,
            )
        self._channel.expect(MAXIMUM_PDU)

    def _decoded(self, body: memoryview) -> AssociateAccept:
        try:
            return pdu.decode_accept(bytes(body))
        except MalformedPdu as error:
            self._abort_for(error)
            raise

    def _next(self, until: float | None) -> tuple[Action, memoryview]:
        """Read a PDU and make the transition; what ends the association is raised."""
        try:
            kind, body = self._channel.read_pdu(until=until)
            event = RECEIVED[kind]
            if event is Event.ABORT_RECEIVED:
                pdu.decode_abort(bytes(body))
        except MalformedPdu as error:
            self._abort_for(error)
            raise
        except ConnectionLost:
            self._machine.on(Event.TRANSPORT_CLOSED)
            self._end()
            raise
        action = self._machine.on(event)
        if action is Action.AA_3:
            self._end()
            raise Aborted(*pdu.decode_abort(bytes(body)))
        if action is Action.AA_8:
            unexpected = MalformedPdu(f"a PDU of type {kind:02X}H where none is due", MalformedPdu.UNEXPECTED_PDU)
            self._say_abort(unexpected)
            raise unexpected
        return action, body

    def _take(self, body: memoryview) -> None:
        try:
            for value in pdu.data_values(body):
                message = self._assembler.take(*value)
                if message is not None:
                    self._received.append(message)
        except MalformedPdu as error:
            self._abort_for(error)
            raise

    def _abort_for(self, error: MalformedPdu) -> None:
        if self._machine.state not in (State.IDLE, State.AWAITING_CLOSE):
            self._machine.on(Event.INVALID_RECEIVED)
        self._say_abort(error)

    def _say_abort(self, error: MalformedPdu) -> None:
        try:
            self._channel.send(pdu.encode_abort(2, error.reason))
        except AssociationError:
            pass
        finally:
            self._end()

    def _end(self) -> None:
        self._machine.state = State.IDLE
        self._channel.close()

    def _send_bytes(self, context_id: int, data_set: memoryview) -> None:
        for start, length, last in _pieces(len(data_set), self._largest - pdu.PDV_HEADER):
            self._channel.send(pdu.pdv_header(context_id, last, length), more=length > 0)
            if length:
                self._channel.send(data_set[start : start + length], more=not last)

    def _send_file(self, context_id: int, part: FilePart) -> None:
        for start, length, last in _pieces(part.length, self._largest - pdu.PDV_HEADER):
            self._channel.send(pdu.pdv_header(context_id, last, length), more=length > 0)
            self._channel.send_file(part.file, part.offset + start, length)


def _pieces(length: int, largest: int) -> Iterable[tuple[int, int, int]]:
    """Start, length and control bits of each fragment; a data set of nothing is one fragment of nothing."""
    for start in range(0, length, largest) if length else [0]:
        end = min(start + largest, length)
        yield start, end - start, pdu.LAST if end == length else 0


def _roles(proposals: Sequence[Proposal]) -> tuple[Role, ...]:
    wanted = dict.fromkeys(proposal.abstract_syntax for proposal in proposals if proposal.scp)
    return tuple(Role(uid, scu=True, scp=True) for uid in wanted)
