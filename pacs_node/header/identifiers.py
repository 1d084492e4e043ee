"""Attributes that name a person or an order: they go out as they are or not at all.

Folded (１２３ → 123) such a value may be another person's or another order's.
"""

from __future__ import annotations

IDENTIFIERS = frozenset(
    {
        "PatientID",
        "IssuerOfPatientID",
        "OtherPatientIDs",
        "AccessionNumber",
        "StudyID",
        "RequestedProcedureID",
        "ScheduledProcedureStepID",
    }
)
"""Keywords, wherever in a data set they stand."""
