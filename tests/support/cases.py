"""Finding a study's reading case through the API."""

from __future__ import annotations

from typing import Any

import httpx2


def case_of(client: httpx2.Client, study_uid: str, state: str) -> dict[str, Any] | None:
    """The case of a study, if it is in this state and the client's person may see it."""
    cases: list[dict[str, Any]] = client.get("/api/cases", params={"state": state, "limit": 200}).json()["cases"]
    return next((case for case in cases if case["study_uid"] == study_uid), None)
