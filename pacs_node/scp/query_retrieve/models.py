"""The information models of Query/Retrieve (PS3.4 sections C.3 and C.6): their SOP classes and levels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from pacs_node.archive.paging import FindLevel
from pacs_node.peers.model import Service
from pacs_node.scp.query_retrieve.extended import answered
from pacs_node.scp.service import Offer

_UNIQUE_KEYS = {
    FindLevel.PATIENT: "PatientID",
    FindLevel.STUDY: "StudyInstanceUID",
    FindLevel.SERIES: "SeriesInstanceUID",
    FindLevel.IMAGE: "SOPInstanceUID",
}


@dataclass(frozen=True, slots=True)
class InformationModel:
    """One model: its levels from the top, and the last component of its SOP class UIDs' stem."""

    name: str
    stem: str
    levels: tuple[FindLevel, ...]

    def unique_key(self, level: FindLevel) -> str:
        """Keyword of the level's unique key."""
        return _UNIQUE_KEYS[level]

    def keys_above(self, level: FindLevel) -> list[str]:
        """Unique keys of the levels above, which a hierarchical request must name (section C.4.1.3.1.1)."""
        return [_UNIQUE_KEYS[above] for above in self.levels[: self.levels.index(level)]]


_ALL = (FindLevel.PATIENT, FindLevel.STUDY, FindLevel.SERIES, FindLevel.IMAGE)
MODELS = (
    InformationModel("Patient Root", "1.2.840.10008.5.1.4.1.2.1", _ALL),
    InformationModel("Study Root", "1.2.840.10008.5.1.4.1.2.2", _ALL[1:]),
    InformationModel("Patient/Study Only", "1.2.840.10008.5.1.4.1.2.3", _ALL[:2]),
)
_COMPONENTS = {Service.FIND: 1, Service.MOVE: 2, Service.GET: 3}


def sop_class(model: InformationModel, service: Service) -> str:
    """The SOP class UID of a service on a model."""
    return f"{model.stem}.{_COMPONENTS[service]}"


def model_of(sop_class_uid: str) -> InformationModel:
    """The model of one of our SOP classes."""
    return next(model for model in MODELS if sop_class_uid.startswith(f"{model.stem}."))


def offers_of(service: Service) -> tuple[Offer, ...]:
    """What a service on all models is offered as."""
    negotiate = partial(answered, find=service is Service.FIND)
    return tuple(
        Offer(sop_class_uid=sop_class(model, service), service=service, negotiate=negotiate) for model in MODELS
    )
