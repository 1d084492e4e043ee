"""The decision: denied unless a rule says otherwise, and nobody learns of another site's things."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_control.decision import decide, visible_sites
from access_control.model import Action, Actor, ActorKind, Purpose, Resource, Role

SITES = ("MINATO", "YAMANE", "CHUO")


def person(
    role: Role, site: str = "MINATO", reads_for: frozenset[str] = frozenset(), follows: frozenset[str] = frozenset()
) -> Actor:
    return Actor(
        kind=ActorKind.PERSON,
        login="p",
        name="p",
        role=role,
        site_code=site,
        site_name=site,
        session_id="s",
        reads_for=reads_for,
        follows=follows,
    )


def thing(site: str) -> Resource:
    return Resource(label="study/1", site_code=site, study_uid="1")


people = st.builds(
    person,
    role=st.sampled_from(Role),
    site=st.sampled_from(SITES),
    reads_for=st.frozensets(st.sampled_from(SITES)),
    follows=st.frozensets(st.sampled_from(SITES)),
)


@given(actor=people, action=st.sampled_from(Action), site=st.sampled_from(SITES))
def test_nothing_is_allowed_at_a_site_that_is_neither_own_nor_under_contract(
    actor: Actor, action: Action, site: str
) -> None:
    decision = decide(actor, action, thing(site))
    if site not in {actor.site_code, *actor.reads_for, *actor.follows}:
        assert (decision.allowed, decision.visible) == (False, False)


@given(actor=people, action=st.sampled_from(Action))
def test_a_list_shows_just_what_may_be_opened(actor: Actor, action: Action) -> None:
    allowed = {site for site in SITES if decide(actor, action, thing(site))}
    assert visible_sites(actor, action) == allowed


@given(actor=people, action=st.sampled_from(Action), site=st.sampled_from(SITES))
@pytest.mark.parametrize("purpose", [Purpose.SHARING, Purpose.CLAIMS, Purpose.RESEARCH])
def test_only_reading_is_open(actor: Actor, action: Action, site: str, purpose: Purpose) -> None:
    assert not decide(actor, action, thing(site), purpose)


@pytest.mark.parametrize(
    ("role", "action", "expected"),
    [
        (Role.TECHNOLOGIST, Action.STUDY_STORE, True),
        (Role.TECHNOLOGIST, Action.REPORT_VIEW, False),
        (Role.TECHNOLOGIST, Action.PATIENT_RESOLVE, True),
        (Role.REFERRING_DOCTOR, Action.PATIENT_RESOLVE, True),
        (Role.RADIOLOGIST, Action.PATIENT_RESOLVE, False),
        (Role.ADMINISTRATOR, Action.PATIENT_RESOLVE, False),
        (Role.REFERRING_DOCTOR, Action.CASE_REQUEST, True),
        (Role.REFERRING_DOCTOR, Action.REPORT_ACKNOWLEDGE, True),
        (Role.REFERRING_DOCTOR, Action.REPORT_WRITE, False),
        (Role.RADIOLOGIST, Action.REPORT_WRITE, True),
        (Role.RADIOLOGIST, Action.REPORT_ACKNOWLEDGE, False),
        (Role.SECRETARIAT, Action.CASE_LIST, True),
        (Role.SECRETARIAT, Action.STUDY_VIEW, False),
        (Role.SCHEDULER, Action.STUDY_VIEW, False),
        (Role.ADMINISTRATOR, Action.STUDY_VIEW, False),
    ],
)
def test_what_roles_do_at_their_own_site(role: Role, action: Action, expected: bool) -> None:
    assert decide(person(role), action, thing("MINATO")).allowed is expected


def test_a_contract_is_for_radiologists_only() -> None:
    contract = frozenset({"MINATO"})
    assert decide(person(Role.RADIOLOGIST, "CHUO", contract), Action.STUDY_VIEW, thing("MINATO"))
    assert not decide(person(Role.REFERRING_DOCTOR, "CHUO", contract), Action.STUDY_VIEW, thing("MINATO"))
    assert not decide(person(Role.RADIOLOGIST, "CHUO", contract), Action.STUDY_STORE, thing("MINATO"))


@given(action=st.sampled_from(Action))
def test_the_office_follows_cases_and_who_their_patients_are(action: Action) -> None:
    office = person(Role.SECRETARIAT, "CHUO", follows=frozenset(SITES))
    assert decide(office, action, thing("MINATO")).allowed is (action in {Action.CASE_LIST, Action.PATIENT_RESOLVE})


def test_a_peer_stores_for_its_own_site_and_sees_what_its_site_reads() -> None:
    peer = Actor(
        kind=ActorKind.PEER,
        login="ae:CT",
        name="CT",
        role=None,
        site_code="MINATO",
        site_name="みなと診療所",
        session_id="a",
        reads_for=frozenset({"KISHI"}),
    )
    allowed = {
        (action, site)
        for action in Action
        for site in ("MINATO", "KISHI", "YAMANE")
        if decide(peer, action, thing(site))
    }
    assert allowed == {
        (Action.STUDY_STORE, "MINATO"),
        (Action.STUDY_VIEW, "MINATO"),
        (Action.STUDY_VIEW, "KISHI"),
        (Action.REQUEST_LIST, "MINATO"),
        (Action.PROCEDURE_REPORT, "MINATO"),
        (Action.STUDY_COMMIT, "MINATO"),
    }
