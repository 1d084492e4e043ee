"""Proves the two transition tables by random walks with an account of their own."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from reporting.model import (
    DELIVERY_TRANSITIONS,
    REPORT_TRANSITIONS,
    DeliveryState,
    DeliveryStep,
    ReportState,
    ReportStep,
    after,
    delivery_after,
)


class ReportLife(RuleBasedStateMachine):
    """A report is signed once and still ever after."""

    def __init__(self) -> None:
        super().__init__()
        self.state = ReportState.DRAFT
        self.signatures = 0

    @rule(step=st.sampled_from(ReportStep))
    def take(self, step: ReportStep) -> None:
        target = after(self.state, step)
        assert (target is None) == (self.signatures == 1)
        if target is not None:
            self.state = target
            self.signatures += step is ReportStep.SIGN

    @invariant()
    def final_means_signed_once(self) -> None:
        assert (self.state is ReportState.FINAL) == (self.signatures == 1)


class DeliveryLife(RuleBasedStateMachine):
    """A delivery is acknowledged before it is acted on, and never goes back."""

    def __init__(self) -> None:
        super().__init__()
        self.state = DeliveryState.DELIVERED
        self.done: list[DeliveryStep] = []

    @rule(step=st.sampled_from(DeliveryStep))
    def take(self, step: DeliveryStep) -> None:
        target = delivery_after(self.state, step)
        wanted = [DeliveryStep.ACKNOWLEDGE, DeliveryStep.ACT]
        assert (target is not None) == ([*self.done, step] == wanted[: len(self.done) + 1])
        if target is not None:
            self.state = target
            self.done.append(step)

    @invariant()
    def the_state_counts_what_was_done(self) -> None:
        assert list(DeliveryState)[len(self.done)] is self.state


TestReportLife = ReportLife.TestCase
TestDeliveryLife = DeliveryLife.TestCase


def test_every_state_stands_in_its_table() -> None:
    assert set(ReportState) == set(REPORT_TRANSITIONS)
    assert set(DeliveryState) == set(DELIVERY_TRANSITIONS)
