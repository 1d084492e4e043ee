"""The way in to stored instances: the gate first, then the catalogue."""

from __future__ import annotations

import re

from starlette.requests import Request

from access_control.gate import AccessGate
from access_control.model import Action, Actor, Resource
from access_control.web.authentication import moment_of
from dicomweb.known import Key, KnownRecords
from pacs_node.archive.catalogue import Catalogue
from pacs_node.model import InstanceRecord
from shared_kernel.errors import NotFound

# Wider than PS3.5 section 9 allows: what was stored under an odd UID can still be asked for.
_UID = re.compile(r"[0-9A-Za-z._\-]{1,64}")
_NO_SITE = ""


class Door:
    """Opens a study, series or instance to an actor who may see it.

    What is not there and what is another site's look the same, down to the audit row: both are
    asked at the gate, the one that is not there as the thing of no site.
    """

    def __init__(self, catalogue: Catalogue, gate: AccessGate) -> None:
        self._catalogue = catalogue
        self._known = KnownRecords(catalogue)
        self.gate = gate

    def admit(self, actor: Actor, study_uid: str) -> Resource:
        """The study as the gate knows it, if it is here and the actor may see it.

        Raises NotFound, and Forbidden when the actor's role does not see images.
        """
        if not _UID.fullmatch(study_uid):
            raise NotFound()
        site = self._catalogue.site_of(study_uid)
        resource = _study(study_uid, site or _NO_SITE)
        self.gate.require(actor, Action.STUDY_VIEW, resource)
        if site is None:
            raise NotFound()
        return resource

    def open(
        self, actor: Actor, study_uid: str, series_uid: str | None = None, sop_instance_uid: str | None = None
    ) -> list[InstanceRecord]:
        """The instances under these UIDs, at least one. Raises what `admit` raises."""
        if series_uid is not None and sop_instance_uid is not None:
            return [self._one(actor, study_uid, series_uid, sop_instance_uid)]
        self.admit(actor, study_uid)
        records = self._catalogue.instances(study_uid, series_uid, sop_instance_uid)
        if not records:
            raise NotFound()
        return records

    def _one(self, actor: Actor, study_uid: str, series_uid: str, sop_instance_uid: str) -> InstanceRecord:
        record = self._catalogue.instance(study_uid, series_uid, sop_instance_uid)
        if record is None:  # refused as the study is, if that is here
            self.admit(actor, study_uid)
            raise NotFound()
        self.gate.require(actor, Action.STUDY_VIEW, _study(study_uid, record.site_code))
        return record

    def asked(self, request: Request, actor: Actor) -> list[InstanceRecord]:
        """The instances that the path of a request names."""
        key = _key(request)
        as_of = moment_of(request)
        records = self._known.find(key, as_of)
        if records is not None:
            self.gate.require(actor, Action.STUDY_VIEW, _study(key[0], records[0].site_code))
            return records
        records = self.open(actor, *key)
        self._known.keep(key, records, as_of)
        return records

    def known(self, request: Request, actor: Actor) -> list[InstanceRecord] | None:
        """What `asked` would return, where that is in memory, allowed and audited already; else None.

        For the event loop: it waits for nothing, and refuses nobody.
        """
        key = _key(request)
        records = self._known.find(key, moment_of(request))
        if records is None or not self.gate.has_passed(actor, Action.STUDY_VIEW, _study(key[0], records[0].site_code)):
            return None
        return records


def _key(request: Request) -> Key:
    path = request.path_params
    return path["study"], path.get("series"), path.get("instance")


def _study(study_uid: str, site_code: str) -> Resource:
    return Resource(label=f"study/{study_uid}", site_code=site_code, study_uid=study_uid)
