"""A hub that takes images, and the people who decide about patients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from access_control.model import Actor, ActorKind, Role
from pacs_node.patients import wire
from pacs_node.patients.service import PatientService
from shared_kernel.ids import new_uid
from tests.pacs_node.conftest import Hub, hub, make_hub, peer  # noqa: F401  # fixtures
from tests.support.objects import ct

SITES = frozenset({"CLINIC", "OTHER"})


def person(role: Role, site_code: str = "CLINIC", follows: frozenset[str] = frozenset()) -> Actor:
    return Actor(
        kind=ActorKind.PERSON,
        login=f"{role.value}-{site_code.lower()}",
        name=f"{role.value}さん",
        role=role,
        site_code=site_code,
        site_name=site_code,
        session_id=f"session-{role.value}",
        follows=follows,
    )


DOCTOR = person(Role.REFERRING_DOCTOR)
OFFICE = person(Role.SECRETARIAT, "KEN", SITES)


@pytest.fixture
def service(hub: Hub) -> PatientService:  # noqa: F811
    """The patients of the hub."""
    return PatientService(hub.database, hub.clock, hub.gate, site_name=lambda _session, code: code)


@pytest.fixture
def send(hub: Hub) -> Callable[..., str]:  # noqa: F811
    """Stores one image of a new study, or of the one given; returns its Study Instance UID."""

    def store(study_uid: str = "", *, site: str = "CLINIC", **keywords: Any) -> str:
        uid = study_uid or new_uid()
        hub.store(ct(StudyInstanceUID=uid, **keywords).file, sender=peer(site))
        return uid

    return store


def open_questions(service: PatientService, actor: Actor = DOCTOR) -> list[wire.Question]:
    return service.questions(actor, wire.QuestionQuery()).questions
