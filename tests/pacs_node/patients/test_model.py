"""Proves that merging, taking apart and moving studies loses nobody, and that each is undone by its inverse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs_node.model import PersonName
from pacs_node.patients.model import (
    TRANSITIONS,
    CantMerge,
    Demographics,
    NotMerged,
    QuestionState,
    Registry,
    Trait,
    agrees,
    completed,
    differences,
)

KNOWN = Demographics(
    patient_id="P-1",
    name=PersonName(alphabetic="Takahashi^Hanako", ideographic="髙橋^花子", phonetic="たかはし^はなこ"),
    birth_date="19700102",
    sex="F",
)
SETTINGS = st.lists(
    st.tuples(
        st.sampled_from(["merge", "unmerge", "separate", "move"]),
        st.integers(0, 9),
        st.integers(0, 9),
        st.integers(0, 5),
    ),
    max_size=40,
)


def beginning() -> Registry:
    registry = Registry()
    for patient in range(4):
        registry = registry.with_patient(patient)
    for study in range(6):
        registry = registry.moved(f"1.2.{study}", study % 4)
    return registry


def step(registry: Registry, deed: str, one: int, other: int, study: int) -> tuple[Registry, Registry]:
    """The registry after a deed, and what the deed's inverse makes of that; unchanged where it is refused."""
    one, other, uid = one % len(registry.above), other % len(registry.above), f"1.2.{study}"
    if deed == "separate":
        after = registry.with_patient(len(registry.above)).moved(uid, len(registry.above))
        back = after.moved(uid, registry.studies[uid])
        return after, Registry({key: back.above[key] for key in registry.above}, back.studies)
    if deed == "move":
        after = registry.moved(uid, other)
        return after, after.moved(uid, registry.studies[uid])
    try:
        if deed == "merge":
            after = registry.merged(one, other)
            return after, after.unmerged(one)
        after = registry.unmerged(one)
        above = registry.above[one]
        assert above is not None
        # Put back below the very one that it hung below, which may hang below another one itself.
        return after, Registry({**after.above, one: above}, after.studies)
    except (CantMerge, NotMerged):
        return registry, registry


@given(deeds=SETTINGS)
def test_every_study_keeps_exactly_one_patient_and_every_deed_has_its_inverse(
    deeds: list[tuple[str, int, int, int]],
) -> None:
    registry = beginning()
    history = [registry]
    for deed in deeds:
        after, undone = step(registry, *deed)
        assert undone == registry
        registry = after
        history.append(registry)
        assert {f"1.2.{study}" for study in range(6)} == set(registry.studies)
        assert set(registry.studies.values()) <= set(registry.above)
        people = {registry.person(patient) for patient in registry.above}
        of_people = [study for person in people for study in registry.studies_of(person)]
        assert sorted(registry.studies) == sorted(of_people)


@given(deeds=SETTINGS)
def test_merging_in_turn_and_taking_apart_backwards_gives_what_was(deeds: list[tuple[str, int, int, int]]) -> None:
    registry, merged, before = beginning(), [], []
    for _, one, other, _ in deeds:
        try:
            after = registry.merged(one % 4, other % 4)
        except CantMerge:
            continue
        before.append(registry)
        merged.append(one % 4)
        registry = after
    for patient, was in zip(reversed(merged), reversed(before), strict=True):
        registry = registry.unmerged(patient)
        assert was == registry


def test_who_is_merged_takes_those_below_along() -> None:
    registry = beginning().merged(0, 1).merged(1, 2)
    assert frozenset({0, 1, 2}) == registry.one_person(0)
    assert ["1.2.0", "1.2.1", "1.2.2", "1.2.4", "1.2.5"] == sorted(registry.studies_of(2))
    assert frozenset({0, 1}) == registry.unmerged(1).one_person(0)


@pytest.mark.parametrize(("one", "other"), [(0, 0), (1, 0), (0, 2)])
def test_nobody_is_merged_twice_or_below_themselves(one: int, other: int) -> None:
    with pytest.raises(CantMerge):
        beginning().merged(0, 1).merged(one, other)


def test_who_hangs_below_nobody_is_not_taken_apart() -> None:
    with pytest.raises(NotMerged):
        beginning().unmerged(0)


@pytest.mark.parametrize(
    ("found", "differ"),
    [
        (Demographics(), ()),
        (Demographics(name=PersonName(ideographic="高橋^花子", phonetic="ﾀｶﾊｼ^ﾊﾅｺ")), ()),
        (Demographics(name=PersonName(alphabetic="TAKAHASHI HANAKO"), sex="U"), ()),
        (Demographics(name=PersonName(phonetic="たかはし^はな")), (Trait.NAME,)),
        (Demographics(birth_date="19700103", sex="M"), (Trait.BIRTH_DATE, Trait.SEX)),
        (Demographics(patient_id="P-2"), (Trait.PATIENT_ID,)),
    ],
)
def test_only_what_both_say_is_compared(found: Demographics, differ: tuple[Trait, ...]) -> None:
    assert differ == differences(KNOWN, found) == differences(found, KNOWN)


def test_agreeing_takes_something_that_both_say() -> None:
    assert agrees(KNOWN, Demographics(name=PersonName(ideographic="高橋^花子")))
    assert agrees(KNOWN, Demographics(birth_date="19700102"))
    assert not agrees(KNOWN, Demographics(patient_id="P-1", sex="F"))
    assert not agrees(KNOWN, Demographics(birth_date="19700102", sex="M"))


def test_completing_fills_gaps_only() -> None:
    assert KNOWN == completed(KNOWN, Demographics(birth_date="19990101", sex="O", name=PersonName(alphabetic="X")))
    assert KNOWN == completed(Demographics(patient_id="P-1", sex="U"), KNOWN)


def test_every_state_of_a_question_leads_on() -> None:
    assert set(QuestionState) == set(TRANSITIONS)
    assert {QuestionState.OPEN, QuestionState.RESOLVED} == {
        after for steps in TRANSITIONS.values() for after in steps.values()
    }
