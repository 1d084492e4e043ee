"""The state machine of PS3.8 section 9.2: table 9-10 as data, all states and events."""

from __future__ import annotations

from enum import Enum, IntEnum


class State(IntEnum):
    """PS3.8 tables 9-1 to 9-5."""

    IDLE = 1
    AWAITING_REQUEST = 2
    AWAITING_LOCAL_ANSWER = 3
    AWAITING_TRANSPORT = 4
    AWAITING_ANSWER = 5
    ESTABLISHED = 6
    AWAITING_RELEASE_RESPONSE = 7
    AWAITING_LOCAL_RELEASE = 8
    COLLISION_REQUESTOR_LOCAL = 9
    COLLISION_ACCEPTOR = 10
    COLLISION_REQUESTOR = 11
    COLLISION_ACCEPTOR_LOCAL = 12
    AWAITING_CLOSE = 13


class Event(IntEnum):
    """The rows of PS3.8 table 9-10; those `…_RECEIVED` are PDUs of the peer, `…_DUE` what we decide."""

    ASSOCIATE_DUE = 1
    TRANSPORT_OPENED = 2
    ACCEPT_RECEIVED = 3
    REJECT_RECEIVED = 4
    TRANSPORT_INDICATED = 5
    REQUEST_RECEIVED = 6
    ACCEPT_DUE = 7
    REJECT_DUE = 8
    DATA_DUE = 9
    DATA_RECEIVED = 10
    RELEASE_DUE = 11
    RELEASE_RECEIVED = 12
    RELEASE_RESPONSE_RECEIVED = 13
    RELEASE_RESPONSE_DUE = 14
    ABORT_DUE = 15
    ABORT_RECEIVED = 16
    TRANSPORT_CLOSED = 17
    ARTIM_EXPIRED = 18
    INVALID_RECEIVED = 19


class Action(Enum):
    """PS3.8 tables 9-6 to 9-9, by their names there."""

    AE_1 = "AE-1"  # open the transport connection
    AE_2 = "AE-2"  # send A-ASSOCIATE-RQ
    AE_3 = "AE-3"  # confirm: accepted
    AE_4 = "AE-4"  # confirm: rejected; close
    AE_5 = "AE-5"  # start ARTIM
    AE_6 = "AE-6"  # stop ARTIM; indicate, or reject
    AE_7 = "AE-7"  # send A-ASSOCIATE-AC
    AE_8 = "AE-8"  # send A-ASSOCIATE-RJ, start ARTIM
    DT_1 = "DT-1"  # send P-DATA-TF
    DT_2 = "DT-2"  # indicate P-DATA
    AR_1 = "AR-1"  # send A-RELEASE-RQ
    AR_2 = "AR-2"  # indicate release
    AR_3 = "AR-3"  # confirm release; close
    AR_4 = "AR-4"  # send A-RELEASE-RP, start ARTIM
    AR_5 = "AR-5"  # stop ARTIM
    AR_6 = "AR-6"  # indicate P-DATA
    AR_7 = "AR-7"  # send P-DATA-TF
    AR_8 = "AR-8"  # indicate release: a collision
    AR_9 = "AR-9"  # send A-RELEASE-RP
    AR_10 = "AR-10"  # confirm release
    AA_1 = "AA-1"  # send A-ABORT (service user), start ARTIM
    AA_2 = "AA-2"  # stop ARTIM; close
    AA_3 = "AA-3"  # indicate abort; close
    AA_4 = "AA-4"  # indicate provider abort
    AA_5 = "AA-5"  # stop ARTIM
    AA_6 = "AA-6"  # ignore the PDU
    AA_7 = "AA-7"  # send A-ABORT
    AA_8 = "AA-8"  # send A-ABORT (service provider), indicate it, start ARTIM


# A row for each event: the cells, from state to action and next state. `*` stands for states 6 to 12.
_TABLE = """
1   1:AE-1>4
2   4:AE-2>5
3   2:AA-1>13 3:AA-8>13 5:AE-3>6  *:AA-8>13 13:AA-6>13
4   2:AA-1>13 3:AA-8>13 5:AE-4>1  *:AA-8>13 13:AA-6>13
5   1:AE-5>2
6   2:AE-6>3  3:AA-8>13 5:AA-8>13 *:AA-8>13 13:AA-7>13
7   3:AE-7>6
8   3:AE-8>13
9   6:DT-1>6  8:AR-7>8
10  2:AA-1>13 3:AA-8>13 5:AA-8>13 *:AA-8>13 6:DT-2>6 7:AR-6>7 13:AA-6>13
11  6:AR-1>7
12  2:AA-1>13 3:AA-8>13 5:AA-8>13 *:AA-8>13 6:AR-2>8 7:AR-8>9 13:AA-6>13
13  2:AA-1>13 3:AA-8>13 5:AA-8>13 *:AA-8>13 7:AR-3>1 10:AR-10>12 11:AR-3>1 13:AA-6>13
14  8:AR-4>13 9:AR-9>11 12:AR-4>13
15  3:AA-1>13 4:AA-2>1  5:AA-1>13 *:AA-1>13
16  2:AA-2>1  3:AA-3>1  5:AA-3>1  *:AA-3>1  13:AA-2>1
17  2:AA-5>1  3:AA-4>1  4:AA-4>1  5:AA-4>1  *:AA-4>1 13:AR-5>1
18  2:AA-2>1  13:AA-2>1
19  2:AA-1>13 3:AA-8>13 5:AA-8>13 *:AA-8>13 13:AA-7>13
"""


def _read(table: str) -> dict[tuple[Event, State], tuple[Action, State]]:
    cells: dict[tuple[Event, State], tuple[Action, State]] = {}
    for line in table.strip().splitlines():
        number, *written = line.split()
        for cell in written:
            states, _, done = cell.partition(":")
            action, _, after = done.partition(">")
            for state in range(6, 13) if states == "*" else [int(states)]:
                cells[Event(int(number)), State(state)] = (Action(action), State(int(after)))
    return cells


TRANSITIONS = _read(_TABLE)


class Impossible(RuntimeError):
    """A mistake of ours: PS3.8 table 9-10 has no such cell."""


class Machine:
    """Where one association is. `requestor` says which side of it we are, which release collisions ask for."""

    __slots__ = ("requestor", "state")

    def __init__(self, *, requestor: bool) -> None:
        self.requestor = requestor
        self.state = State.IDLE

    def on(self, event: Event) -> Action:
        """Move to the next state; returns what has to be done. Raises Impossible."""
        cell = TRANSITIONS.get((event, self.state))
        if cell is None:
            raise Impossible(f"{event.name} in {self.state.name}")
        action, after = cell
        if action is Action.AR_8 and not self.requestor:
            after = State.COLLISION_ACCEPTOR
        self.state = after
        return action


RECEIVED = {
    1: Event.REQUEST_RECEIVED,
    2: Event.ACCEPT_RECEIVED,
    3: Event.REJECT_RECEIVED,
    4: Event.DATA_RECEIVED,
    5: Event.RELEASE_RECEIVED,
    6: Event.RELEASE_RESPONSE_RECEIVED,
    7: Event.ABORT_RECEIVED,
}
"""The event of each type of PDU."""
