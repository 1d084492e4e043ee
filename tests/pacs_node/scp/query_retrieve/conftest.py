"""A node that answers queries, with studies of two sites and peers of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from pydicom import config
from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.association import Association

from access_control.directory import Directory
from pacs_node.peers.model import Service
from pacs_node.scp.query_retrieve.find import FindService
from tests.pacs_node.conftest import Hub, peer
from tests.support import requesting
from tests.support.objects import ct

STUDY_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
PATIENT_FIND = "1.2.840.10008.5.1.4.1.2.1.1"

Find = Callable[..., tuple[list[Dataset], list[int]]]


def store_region(hub: Hub) -> None:
    """Three studies of CLINIC, two of them of one patient, and one of OTHER."""
    hanako = {"PatientID": "P-1", "PatientName": "Takahashi^Hanako=髙橋^花子=たかはし^はなこ", "PatientSex": "F"}
    ichiro = {"PatientID": "P-2", "PatientName": "SATO^Ichiro=佐藤^一郎=サトウ^イチロウ"}
    first = {"StudyInstanceUID": "1.1", "StudyDate": "20260401", "StudyTime": "093000", "AccessionNumber": "A100"}
    for series, instance in ((1, 1), (1, 2), (2, 1)):
        uids = {"SeriesInstanceUID": f"1.1.{series}", "SOPInstanceUID": f"1.1.{series}.{instance}"}
        numbers = {"SeriesNumber": series, "InstanceNumber": instance, "Modality": "CT" if series == 1 else "SR"}
        hub.store(ct(**hanako, **first, **uids, **numbers).file)
    hub.store(
        ct(**ichiro, StudyInstanceUID="1.2", StudyDate="20260401", StudyTime="140000.5", Modality="MR").file,
    )
    hub.store(ct(**hanako, StudyInstanceUID="1.3", StudyDate="20250115", StudyTime="233000").file)
    hub.store(ct(**ichiro, StudyInstanceUID="2.1", StudyDate="20260401").file, peer("OTHER"))


def contract(hub: Hub) -> None:
    """OTHER reads for CLINIC."""
    directory = Directory(hub.clock)
    with hub.database.write() as session:
        directory.add_site(session, "CLINIC", "港診療所")
        directory.add_site(session, "OTHER", "丘病院")
        directory.add_contract(session, "CLINIC", "OTHER")


@pytest.fixture
def asked(hub: Hub) -> Iterator[tuple[str, int]]:
    """The region's hub, asked by FINDER (CLINIC), READER (OTHER, under contract with CLINIC) and STORE_ONLY."""
    store_region(hub)
    with hub.database.write() as session:
        hub.peers.add(session, "FINDER", "CLINIC", services=frozenset({Service.FIND}))
        hub.peers.add(session, "OTHER_FINDER", "OTHER", services=frozenset({Service.FIND}))
        hub.peers.add(session, "READER", "OTHER", services=frozenset({Service.FIND}), contracts=True)
        hub.peers.add(session, "STORE_ONLY", "CLINIC")
    node = hub.node({"services": [FindService(hub.database, hub.clock, ae_title="DOKUEI")]})
    yield tuple(node.start())
    node.stop()


def keys(level: str, **values: Any) -> Dataset:
    """An identifier."""
    ds = Dataset()
    ds.QueryRetrieveLevel = level
    with config.disable_value_validation():
        for keyword, value in values.items():
            setattr(ds, keyword, value)
    return ds


def associate(
    address: tuple[str, int], sop_class: str, *, calling: str = "FINDER", ext_neg: Sequence[Any] = (), syntax: str = ""
) -> Association:
    """An association by pynetdicom for one SOP class."""
    ae = AE(ae_title=calling)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 20
    ae.add_requested_context(sop_class, syntax or None)
    return requesting.associate(ae, *address, ae_title="DOKUEI", ext_neg=list(ext_neg))


@pytest.fixture
def find(asked: tuple[str, int]) -> Find:
    """Asks, and gives the identifiers and all statuses."""

    def ask(identifier: Dataset, sop_class: str = STUDY_FIND, **how: Any) -> tuple[list[Dataset], list[int]]:
        assoc = associate(asked, sop_class, **how)
        assert assoc.is_established
        answers = list(assoc.send_c_find(identifier, sop_class))
        assoc.release()
        return [found for _, found in answers if found is not None], [status.Status for status, _ in answers]

    return ask
