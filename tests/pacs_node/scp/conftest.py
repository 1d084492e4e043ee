"""The two lanes of the port: tests that use `lane` run on each."""

from __future__ import annotations

import pytest

from tests.support.raw_scu import IMPLICIT_LITTLE, RawScu

STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"


@pytest.fixture(params=["storage", "pynetdicom"])
def lane(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every RawScu's association is on this lane: one more context, which is not accepted, makes it pynetdicom's."""
    if request.param == "pynetdicom":
        monkeypatch.setattr(RawScu, "also", [(STUDY_ROOT_FIND, [IMPLICIT_LITTLE])])
    return str(request.param)
