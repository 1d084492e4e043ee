"""A clinic's scanner at planned work, examination after examination: worklist, MPPS, images, MPPS, commitment."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE

from benchmarks import objects
from benchmarks.objects import FAMILIES, GIVEN, Identity, Template
from benchmarks.sending import Node, Storing
from benchmarks.soak.ledger import Examined, Ledger
from benchmarks.soak.reports import COMMITMENT, WELL_KNOWN_INSTANCE, Reports, Told
from benchmarks.soak.scanner import KINDS
from benchmarks.targets import Hub
from benchmarks.wire import Broken
from tests.support import requesting

WORKLIST, MPPS = "1.2.840.10008.5.1.4.31", "1.2.840.10008.3.1.2.3.3"
_PENDING = {0xFF00, 0xFF01}
_SECONDS, _SECONDS_FOR_THE_PROOF = 60, 120
_MODALITIES = ("CT", "MR", "MR", "CT", "CR")
_LONGEST_SERIES = (12, 8, 8, 6, 2)


class Modality:
    """One scanner; `round` is one examination from the clinic's request to the proof that the images are kept."""

    def __init__(self, hub: Hub, node: Node, site: str, *, reports: Reports, ledger: Ledger, seed: int) -> None:
        self.hub, self.node, self.site, self.reports, self.ledger = hub, node, site, reports, ledger
        self.source = Random(seed)

    def round(self) -> None:
        """One examination. Raises Abandoned when a step of it fails; the ledger says which."""
        self._examine(self.source.randrange(len(KINDS)), stay=self.source.random() < 0.5)

    def every_deed(self) -> None:
        """An examination for each way in which the proof can come."""
        self._examine(0, stay=True)
        self._examine(1, stay=False)

    def close(self) -> None:
        """Nothing stays open."""

    def _examine(self, kind: int, *, stay: bool) -> None:
        """`stay`: keep the association open until the proof has come; else it has to come on one of the hub's own."""
        request = self._planned(_MODALITIES[kind])
        item = self._found(request)
        made, series = self._images(kind, item)
        step = self._uid()
        with self.ledger.attempt("MPPS IN PROGRESS"), self._associated(MPPS) as assoc:
            self.ledger.demand("MPPS IN PROGRESS", 0, _status(assoc.send_n_create(self._begun(item), MPPS, step)))
        self._send(made, series)
        ended = _ended(made, series, request["scheduled_date"].replace("-", ""))
        with self.ledger.attempt("MPPS COMPLETED"), self._associated(MPPS) as assoc:
            self.ledger.demand("MPPS COMPLETED", 0, _status(assoc.send_n_set(ended, MPPS, step)))
        self.ledger.complete(Examined(request["id"], len(series), self.site))
        self._prove(made, series, stay=stay)

    def _planned(self, modality: str) -> dict[str, Any]:
        """What the clinic enters: a new patient, this scanner, today."""
        family, given = self.source.choice(FAMILIES), self.source.choice(GIVEN)
        alphabetic, ideographic, phonetic = (f"{a} {b}" for a, b in zip(family, given, strict=True))
        patient = {
            "id": f"M{self.source.randrange(10**11):011d}",
            "name": {"alphabetic": alphabetic, "ideographic": ideographic, "phonetic": phonetic},
            "birth_date": "1962-03-15",
            "sex": "F",
        }
        body = {"patient": patient, "modality": modality, "station_ae_title": self.node.calling, "reason": "咳嗽"}
        headers = {"Authorization": f"Bearer {self.hub.tokens[self.site]}", "Content-Type": "application/json"}
        with self.ledger.attempt("request entered"):
            status, answer = self.hub.ask("POST", "/api/requests", json.dumps(body).encode(), headers)
            if status != 200:
                raise RuntimeError(f"{status}: {answer[:300]!r}")
            self.ledger.count("request entered")
            request: dict[str, Any] = json.loads(answer)
            return request

    def _found(self, request: dict[str, Any]) -> Dataset:
        """The scanner asks for its own open work of the day, which must have what was just entered, once."""
        step = Dataset()
        step.ScheduledStationAETitle, step.Modality = self.node.calling, request["modality"]
        step.ScheduledProcedureStepStartDate = request["scheduled_date"].replace("-", "")
        step.ScheduledProcedureStepID = ""
        keys = Dataset()
        keys.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
        keys.PatientName = keys.PatientID = keys.PatientBirthDate = keys.PatientSex = ""
        keys.AccessionNumber = keys.StudyInstanceUID = ""
        keys.ScheduledProcedureStepSequence = [step]
        with self.ledger.attempt("worklist query"), self._associated(WORKLIST) as assoc:
            answers = list(assoc.send_c_find(keys, WORKLIST))
            ends = [code for status, _ in answers if (code := _status((status, None))) not in _PENDING]
            items = [item for _, item in answers if item is not None]
            ours = [item for item in items if item.AccessionNumber == request["accession_number"]]
            self.ledger.demand("worklist query", ([0], 1), (ends, len(ours)))
            self.ledger.count("worklist items", len(items))
            item: Dataset = ours[0]
            return item

    def _images(self, kind: int, item: Dataset) -> tuple[Template, list[Identity]]:
        """A series of the study and the patient that the worklist names."""
        known = ("StudyInstanceUID", "AccessionNumber", "PatientID", "PatientName", "PatientBirthDate", "PatientSex")
        made = KINDS[kind].changed(**{keyword: str(item[keyword].value) for keyword in known})
        series = objects.series(self.source.randint(1, _LONGEST_SERIES[kind]), source=self.source)
        study, patient, accession = str(item.StudyInstanceUID), str(item.PatientID), str(item.AccessionNumber)
        return made, [each._replace(study=study, patient=patient, accession=accession) for each in series]

    def _send(self, made: Template, series: Sequence[Identity]) -> None:
        with self.ledger.attempt("examination stored"):
            storing = Storing(self.node, [(made.sop_class, made.syntax)])
            try:
                for identity in series:
                    self.ledger.demand("examination stored", 0, storing.store(storing.frame(made, identity)))
                    self.ledger.keep(made, identity, self.site)
            finally:
                storing.release()

    def _prove(self, made: Template, series: Sequence[Identity], *, stay: bool) -> None:
        wanted = Dataset()
        wanted.TransactionUID = self._uid()
        wanted.ReferencedSOPSequence = _references(made, series)
        with self.ledger.attempt("commitment asked"), self._associated(COMMITMENT, [self.reports.handler]) as assoc:
            status = _status(assoc.send_n_action(wanted, 1, COMMITMENT, WELL_KNOWN_INSTANCE))
            self.ledger.demand("commitment asked", 0, status)
            start = time.monotonic()
            told = self._told(wanted) if stay else None
        told = told or self._told(wanted)
        instances = frozenset(each.instance for each in series)
        what = "commitment told, new association" if told.anew else "commitment told, same association"
        right = (1, instances, frozenset[str]())
        if self.ledger.expect(what, right, (told.event_type, told.confirmed, told.failed)):
            self.ledger.count("commitment instances", len(instances))
            self.ledger.longest("commitment told", time.monotonic() - start)

    def _told(self, wanted: Dataset) -> Told:
        with self.ledger.attempt("commitment told"):
            return self.reports.wait(str(wanted.TransactionUID), _SECONDS_FOR_THE_PROOF)

    def _begun(self, item: Dataset) -> Dataset:
        ds, scheduled = Dataset(), Dataset()
        scheduled.StudyInstanceUID, scheduled.AccessionNumber = item.StudyInstanceUID, item.AccessionNumber
        [planned] = item.ScheduledProcedureStepSequence
        scheduled.ScheduledProcedureStepID = planned.ScheduledProcedureStepID
        ds.ScheduledStepAttributesSequence = [scheduled]
        ds.SpecificCharacterSet = item.SpecificCharacterSet
        ds.PatientName, ds.PatientID = item.PatientName, item.PatientID
        ds.PatientBirthDate, ds.PatientSex = item.PatientBirthDate, item.PatientSex
        ds.PerformedProcedureStepID, ds.PerformedStationAETitle = "PPS1", self.node.calling
        ds.Modality = planned.Modality
        ds.PerformedProcedureStepStartDate = planned.ScheduledProcedureStepStartDate
        ds.PerformedProcedureStepStartTime, ds.PerformedProcedureStepStatus = "093000", "IN PROGRESS"
        return ds

    def _uid(self) -> str:
        return f"2.25.{self.source.randrange(9 * 10**34) + 10**34}"

    @contextmanager
    def _associated(self, sop_class: str, handlers: Sequence[Any] = ()) -> Iterator[Any]:
        ae = AE(self.node.calling)
        ae.acse_timeout = ae.dimse_timeout = ae.connection_timeout = _SECONDS
        ae.network_timeout = _SECONDS_FOR_THE_PROOF
        ae.add_requested_context(sop_class)
        assoc = requesting.associate(ae, *self.node.address, ae_title=self.node.called, evt_handlers=list(handlers))
        if not assoc.is_established:
            raise Broken("the association was not accepted")
        try:
            yield assoc
        finally:
            assoc.release()


def _status(answer: tuple[Dataset, Any]) -> int | None:
    """The status of a response; None where none came."""
    status = answer[0].get("Status")
    return None if status is None else int(status)


def _references(made: Template, series: Sequence[Identity]) -> list[Dataset]:
    items = []
    for each in series:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = made.sop_class, each.instance
        items.append(item)
    return items


def _ended(made: Template, series: Sequence[Identity], day: str) -> Dataset:
    ds, performed = Dataset(), Dataset()
    ds.PerformedProcedureStepStatus = "COMPLETED"
    ds.PerformedProcedureStepEndDate, ds.PerformedProcedureStepEndTime = day, "094500"
    performed.SeriesInstanceUID, performed.ProtocolName = series[0].series, "ROUTINE"
    performed.ReferencedImageSequence = _references(made, series)
    ds.PerformedSeriesSequence = [performed]
    return ds
