"""How a report and its delivery move: one transition table each. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class ReportState(StrEnum):
    """Where a report stands."""

    DRAFT = "draft"
    """作成中: the reader's own, may change at any time."""
    FINAL = "final"
    """確定: signed; its text never changes again."""


class ReportStep(StrEnum):
    """What can happen to a report."""

    SAVE = "save"
    SIGN = "sign"


REPORT_TRANSITIONS: Mapping[ReportState, Mapping[ReportStep, ReportState]] = {
    ReportState.DRAFT: {
        ReportStep.SAVE: ReportState.DRAFT,
        ReportStep.SIGN: ReportState.FINAL,
    },
    ReportState.FINAL: {},
}


class DeliveryState(StrEnum):
    """How far a delivered version has come at the clinic: delivered is not handled."""

    DELIVERED = "delivered"
    """配信: there, 未確認."""
    ACKNOWLEDGED = "acknowledged"
    """確認済: a doctor has said 確認した."""
    ACTED_ON = "acted_on"
    """対応済: what follows from it is done."""


class DeliveryStep(StrEnum):
    """What can happen to a delivery; opening it is recorded, but is no step: seen is not acknowledged."""

    ACKNOWLEDGE = "acknowledge"
    ACT = "act"


DELIVERY_TRANSITIONS: Mapping[DeliveryState, Mapping[DeliveryStep, DeliveryState]] = {
    DeliveryState.DELIVERED: {DeliveryStep.ACKNOWLEDGE: DeliveryState.ACKNOWLEDGED},
    DeliveryState.ACKNOWLEDGED: {DeliveryStep.ACT: DeliveryState.ACTED_ON},
    DeliveryState.ACTED_ON: {},
}


def after(state: ReportState, step: ReportStep) -> ReportState | None:
    """The report state that `step` leads to from `state`; None if it can't be taken there."""
    return REPORT_TRANSITIONS[state].get(step)


def delivery_after(state: DeliveryState, step: DeliveryStep) -> DeliveryState | None:
    """The delivery state that `step` leads to from `state`; None if it can't be taken there."""
    return DELIVERY_TRANSITIONS[state].get(step)
