"""Manifests over HTTP, for gateways."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from access_control.web.operation import Call, Operation
from pacs_node.expectations.manifest import Manifests, ManifestState
from pacs_node.expectations.service import Said
from shared_kernel.errors import Forbidden, InvalidInput, NotFound

MOST_TOLD = 1000


class ManifestInstance(msgspec.Struct, frozen=True, kw_only=True):
    """One instance: its UID and, as far as known, bytes of its data set (without file meta information) and digest."""

    sop_instance_uid: Annotated[str, msgspec.Meta(max_length=64)]
    size: int | None = None
    sha256: Annotated[str, msgspec.Meta(max_length=64)] = ""


class ManifestIn(msgspec.Struct, frozen=True, kw_only=True):
    """What a study consists of."""

    study_uid: Annotated[str, msgspec.Meta(max_length=64)]
    instances: list[ManifestInstance]


class ManifestOut(msgspec.Struct, frozen=True, kw_only=True):
    """What of a manifest is here; `missing` and `different` name at most 1000 instances each."""

    study_uid: str
    expected: int
    here: int
    missing: list[str]
    missing_count: int
    different: list[str]
    different_count: int
    declared_at: datetime
    declared_by: str
    fulfilled_at: datetime | None


class Withdrawal(msgspec.Struct, frozen=True, kw_only=True):
    """Why what is missing will not come."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


def said_by(body: ManifestIn) -> dict[str, Said]:
    """The instances of a manifest by UID. Raises InvalidInput for one that is named twice."""
    instances = {each.sop_instance_uid: Said(each.size, each.sha256.lower()) for each in body.instances}
    if len(instances) != len(body.instances):
        raise InvalidInput(key="sop_instance_uid", rule="each instance once")
    return instances


def shown(state: ManifestState) -> ManifestOut:
    """A manifest's state on the wire."""
    return ManifestOut(
        study_uid=state.study_uid,
        expected=state.expected,
        here=state.here,
        missing=state.missing[:MOST_TOLD],
        missing_count=len(state.missing),
        different=state.different[:MOST_TOLD],
        different_count=len(state.different),
        declared_at=state.declared_at,
        declared_by=state.declared_by,
        fulfilled_at=state.fulfilled_at,
    )


def operations(manifests: Manifests) -> list[Operation]:
    """The operations on manifests."""

    def declare(call: Call) -> ManifestOut:
        return shown(manifests.declare(call.actor, call.body.study_uid, said_by(call.body)))

    def get(call: Call) -> ManifestOut:
        return shown(manifests.state(call.actor, call.path["study_uid"]))

    def withdraw(call: Call) -> None:
        manifests.withdraw(call.actor, call.path["study_uid"], call.body.reason)

    return [
        Operation(
            method="POST",
            path="/api/manifests",
            summary="Say what a study of the own site consists of; it arrives when all of it is here",
            tag="manifests",
            handler=declare,
            body=ManifestIn,
            response=ManifestOut,
            errors=(Forbidden, NotFound, InvalidInput),
        ),
        Operation(
            method="GET",
            path="/api/manifests/{study_uid}",
            summary="What of a manifest is here, and what is missing",
            tag="manifests",
            handler=get,
            response=ManifestOut,
            errors=(Forbidden, NotFound),
        ),
        Operation(
            method="POST",
            path="/api/manifests/{study_uid}/withdraw",
            summary="Say that what is missing will not come, and why; the study then arrives by its quiet period",
            tag="manifests",
            handler=withdraw,
            body=Withdrawal,
            errors=(Forbidden, NotFound, InvalidInput),
        ),
    ]
