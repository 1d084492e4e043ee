"""Proves the canonical form: the same content gives the same text, other content another hash, and damage shows."""

from __future__ import annotations

import json
from datetime import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.errors import SignedVersionDamaged
from reporting.signed import canonical, opened, sha256
from shared_kernel.clock import JST
from tests.reporting.fakes import signed_report

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def test_the_canonical_form_is_sorted_json_without_white_space() -> None:
    content = canonical(signed_report())

    assert content == json.dumps(json.loads(content), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert json.loads(content)["signed_at"] == "2026-03-28T15:05:06.789000Z"


def test_the_hash_is_fixed_for_good() -> None:
    """A change here means that all earlier signatures would no longer check: don't adapt the number."""
    assert sha256(canonical(signed_report())) == "cf2cbfbceed047b1f4fb23b0b4c731c5b71fd748e799deb2c822231364b7e9d0"


@given(TEXTS, TEXTS)
def test_a_version_comes_back_as_it_was_signed(findings: str, impression: str) -> None:
    report = signed_report(findings=findings, impression=impression)
    content = canonical(report)

    assert opened(content, sha256(content)) == report
    assert content == canonical(opened(content, sha256(content)))


@given(TEXTS, TEXTS)
def test_text_can_t_move_between_sections_unnoticed(findings: str, impression: str) -> None:
    one = canonical(signed_report(findings=findings, impression=impression))
    other = canonical(signed_report(findings=impression, impression=findings))

    assert (findings == impression) == (sha256(one) == sha256(other))


@pytest.mark.parametrize("field", [field for field in signed_report().__struct_fields__ if field != "version"])
def test_every_field_is_under_the_hash(field: str) -> None:
    report = signed_report()
    value = getattr(report, field)
    if isinstance(value, str):
        changed: object = value + "."
    elif isinstance(value, datetime):
        changed = datetime(2026, 3, 29, tzinfo=JST)
    else:
        first = next(name for name in value.__struct_fields__ if isinstance(getattr(value, name), str))
        changed = msgspec.structs.replace(value, **{first: getattr(value, first) + "."})

    assert sha256(canonical(report)) != sha256(canonical(msgspec.structs.replace(report, **{field: changed})))


def test_a_changed_text_is_not_shown_as_if_it_were_signed() -> None:
    content = canonical(signed_report())

    with pytest.raises(SignedVersionDamaged):
        opened(content.replace("右肺", "左肺"), sha256(content))
