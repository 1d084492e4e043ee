"""Proves table 9-10 of PS3.8 cell by cell, against the same table of pynetdicom, which was written by others."""

from __future__ import annotations

import pytest
from pynetdicom.fsm import TRANSITION_TABLE

from pacs_node.upper_layer.machine import TRANSITIONS, Action, Event, Impossible, Machine, State

# Next states by the actions of PS3.8 tables 9-6 to 9-9.
_AFTER = {
    **{"AE-1": 4, "AE-2": 5, "AE-3": 6, "AE-4": 1, "AE-5": 2, "AE-6": 3, "AE-7": 6, "AE-8": 13},
    **{"DT-1": 6, "DT-2": 6, "AR-1": 7, "AR-2": 8, "AR-3": 1, "AR-4": 13, "AR-5": 1, "AR-6": 7, "AR-7": 8},
    **{"AR-8": 9, "AR-9": 11, "AR-10": 12, "AA-1": 13, "AA-2": 1, "AA-3": 1, "AA-4": 1, "AA-5": 1},
    **{"AA-6": 13, "AA-7": 13, "AA-8": 13},
}
_CELLS = {
    (int(event[3:]), int(state[3:])): action.replace("_", "-") for (event, state), action in TRANSITION_TABLE.items()
}


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("state", State)
def test_every_cell(event: Event, state: State) -> None:
    machine = Machine(requestor=True)
    machine.state = state
    expected = _CELLS.get((event, state))
    if expected is None:
        with pytest.raises(Impossible):
            machine.on(event)
        assert state is machine.state
    else:
        assert Action(expected) is machine.on(event)
        assert State(_AFTER[expected]) is machine.state


def test_no_cell_is_missing_or_too_many() -> None:
    assert set(_CELLS) == {(int(event), int(state)) for event, state in TRANSITIONS}


def test_a_release_collision_depends_on_the_side() -> None:
    states = []
    for requestor in (True, False):
        machine = Machine(requestor=requestor)
        machine.state = State.AWAITING_RELEASE_RESPONSE
        machine.on(Event.RELEASE_RECEIVED)
        states.append(machine.state)
    assert [State.COLLISION_REQUESTOR_LOCAL, State.COLLISION_ACCEPTOR] == states
