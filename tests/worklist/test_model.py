"""Proves the transition table: whatever happens in whatever order, a case keeps its promises."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from worklist.model import TRANSITIONS, CaseState, CaseStep, after


class CaseLife(RuleBasedStateMachine):
    """Takes random steps and keeps a simple account of its own beside the table."""

    def __init__(self) -> None:
        super().__init__()
        self.state = CaseState.RECEIVING
        self.arrived = self.signed = self.held = False

    @rule(step=st.sampled_from(CaseStep))
    def take(self, step: CaseStep) -> None:
        target = after(self.state, step)
        allowed = {
            CaseStep.ARRIVE: not self.arrived,
            CaseStep.CHANGE_REQUEST: not self.signed,
            CaseStep.CLAIM: self.arrived and not self.held and not self.signed,
            CaseStep.RELEASE: self.held and not self.signed,
            CaseStep.COMPLETE: self.arrived and not self.signed,
        }[step]
        assert allowed == (target is not None)
        if target is None:
            return
        self.state = target
        self.arrived = self.arrived or step is CaseStep.ARRIVE
        self.signed = self.signed or step is CaseStep.COMPLETE
        self.held = (self.held or step is CaseStep.CLAIM) and step is not CaseStep.RELEASE

    @invariant()
    def the_state_tells_what_happened(self) -> None:
        expected = CaseState.RECEIVING
        if self.arrived:
            expected = CaseState.READING if self.held else CaseState.UNREAD
        if self.signed:
            expected = CaseState.READ
        assert expected == self.state


TestCaseLife = CaseLife.TestCase


def test_every_state_stands_in_the_table() -> None:
    assert set(CaseState) == set(TRANSITIONS)


def test_a_read_case_moves_no_more() -> None:
    assert TRANSITIONS[CaseState.READ] == {}
