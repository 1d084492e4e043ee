"""The conformance statement tells the statuses, names, limits and resources that the code has."""

from __future__ import annotations

import ast
import re
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from types import ModuleType

from access_control.gate import AccessGate
from access_control.web.operation import NOBODY
from dicomweb.routes import INSTANCE, SERIES, STUDY, routes
from dokuei.hub import Hub
from dokuei.wiring.services import dimse_services
from pacs_node.archive.catalogue import Catalogue
from pacs_node.archive.files import FileStore
from pacs_node.commitment import model as commitment_model
from pacs_node.commitment import scp as commitment_scp
from pacs_node.errors import InstanceRefused
from pacs_node.ingest.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacs_node.ingest.service import IngestService
from pacs_node.procedures import dimse, mpps_scp, performed, performed_service, worklist_scp
from pacs_node.scp.admission import MAXIMUM_PDU
from pacs_node.scp.answers import CANNOT_UNDERSTAND, NOT_AUTHORISED, OUT_OF_RESOURCES, SUCCESS, UNEXPECTED
from pacs_node.scp.query_retrieve.errors import RequestRefused
from pacs_node.scp.tls import requestor_context
from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from shared_kernel.settings import Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "conformance.md").read_text()


def _refusals(kind: type[InstanceRefused] = InstanceRefused) -> Iterator[type[InstanceRefused]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _refusals(below)


def test_every_status_of_c_store_is_told() -> None:
    own = {SUCCESS, NOT_AUTHORISED, OUT_OF_RESOURCES, CANNOT_UNDERSTAND, UNEXPECTED}
    answered = own | {refusal.dimse_status for refusal in _refusals()}
    assert {f"{status:04X}" for status in answered} == set(re.findall(r"^\| `([0-9A-F]{4})` \|", PAGE, re.MULTILINE))


def test_the_implementation_is_named_as_on_the_wire() -> None:
    assert f"`{IMPLEMENTATION_CLASS_UID}`" in PAGE
    assert f"`{IMPLEMENTATION_VERSION_NAME}`" in PAGE


def test_the_announced_pdu_length_is_told() -> None:
    assert f"| maximum PDU | {MAXIMUM_PDU} bytes are announced" in PAGE


def _used(*modules: ModuleType) -> set[int]:
    """The statuses of pacs_node.procedures.dimse that modules answer with; those they only compare with aside."""
    found: set[str] = set()
    for module in modules:
        tree = ast.parse(Path(str(module.__file__)).read_text())
        compared = {inner for each in ast.walk(tree) if isinstance(each, ast.Compare) for inner in ast.walk(each)}
        for each in ast.walk(tree):
            if isinstance(each, ast.ImportFrom) and each.module == dimse.__name__:
                found |= {alias.name for alias in each.names}
            elif isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each not in compared:
                found |= {each.attr} if each.value.id == "dimse" else set()
    return {value for name in found if isinstance(value := getattr(dimse, name, None), int)}


def _told(section: str, requests: str) -> set[str]:
    """The statuses in the table of a section's answers, in rows of these requests."""
    text = PAGE.split(f"### {section}\n")[1].split("\n### ")[0]
    rows = re.findall(r"^\| ([^|]+) \| ((?:`[0-9A-F]{4}`[^|]*)+) \|", text, re.MULTILINE)
    return {
        status for said, codes in rows if re.search(requests, said) for status in re.findall("`([0-9A-F]{4})`", codes)
    }


def _written(statuses: Iterable[int]) -> set[str]:
    return {f"{status:04X}" for status in statuses}


def test_every_status_of_the_worklist_is_told() -> None:
    assert _written(_used(worklist_scp)) == _told("Modality Worklist", "worklist C-FIND")


def test_every_status_of_mpps_is_told() -> None:
    answered = _used(mpps_scp, performed, performed_service) | {performed.NO_LONGER_UPDATED}  # the last an ErrorID
    assert _written(answered) == _told("Modality Performed Procedure Step", "N-CREATE|N-SET")


def test_every_status_of_storage_commitment_is_told() -> None:
    answered = _used(commitment_scp) | {taken.status for taken in commitment_model.Taken}
    assert _written(answered) == _told("Storage Commitment", "N-ACTION|N-EVENT-REPORT")
    section = PAGE.split("### Storage Commitment\n")[1].split("\n### ")[0]
    reasons = {
        value
        for name, value in vars(commitment_model).items()
        if name.isupper() and isinstance(value, int) and value >= commitment_model.PROCESSING_FAILURE
    } - {commitment_model.NEVER_TOLD}
    assert _written(reasons) == set(re.findall(r"^\| ([0-9A-F]{4}) \|", section, re.MULTILINE))


def test_every_refusal_of_a_query_is_told() -> None:
    statuses = {kind.status for kind in RequestRefused.__subclasses__()}
    assert _written(statuses) <= _told("Query: C-FIND", "C-FIND") | _told("Retrieval: C-MOVE and C-GET", "C-")


SYNTAX_NAMES = {
    "1.2.840.10008.1.2.1": "Explicit VR Little Endian",
    "1.2.840.10008.1.2": "Implicit VR Little Endian",
    "1.2.840.10008.1.2.2": "Explicit VR Big Endian",
}


def _service_rows() -> dict[str, tuple[str, str]]:
    """SOP class UID to the service and the transfer syntaxes of its row; `1.2.3 and .4` stands for 1.2.3 and 1.2.4."""
    section = PAGE.split("### Services")[1].split("\n### ")[0]
    rows: dict[str, tuple[str, str]] = {}
    for service, classes, syntaxes in re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", section, re.MULTILINE):
        for root, first, more in re.findall(r"((?:\d+\.)+)(\d+)(?: and \.(\d+))?", classes):
            for last in filter(None, (first, more)):
                rows[root + last] = (service, syntaxes)
    return rows


def test_every_offer_is_told_with_who_may_use_it_and_in_which_syntaxes(settings: Settings) -> None:
    rows = _service_rows()
    with Hub.opened(settings) as hub:
        offers = [offer for service in dimse_services(hub) for offer in service.offers]
    assert len(offers) == len({offer.sop_class_uid for offer in offers})
    for offer in offers:
        service, syntaxes = rows[offer.sop_class_uid]
        assert f"*{offer.service.value}*" in service, offer
        assert syntaxes == ", ".join([*(SYNTAX_NAMES[uid] for uid in offer.transfer_syntaxes), "in this order"]), offer


def test_no_class_is_told_that_is_not_offered(settings: Settings) -> None:
    with Hub.opened(settings) as hub:
        offered = {offer.sop_class_uid for service in dimse_services(hub) for offer in service.offers}
    told = {uid for uid, (service, _) in _service_rows().items() if "*" in service}
    assert told == offered


def test_every_setting_of_tls_is_told() -> None:
    told = "".join(PAGE.split(f"### {title}\n")[1].split("\n### ")[0] for title in ("Association policies", "TLS"))
    missing = [field.name for field in fields(Settings) if "tls" in field.name and f"`{field.name}`" not in told]
    assert missing == []


def test_tls_is_as_old_and_as_weak_as_told(settings: Settings) -> None:
    """TLS 1.3 unless a setting says 1.2, and then with suites of forward secrecy and authenticated encryption only."""
    assert requestor_context(settings).minimum_version is ssl.TLSVersion.TLSv1_3
    old = requestor_context(replace(settings, tls_minimum="1.2"))
    assert old.minimum_version is ssl.TLSVersion.TLSv1_2
    suites = [suite["name"] for suite in old.get_ciphers() if suite["protocol"] == "TLSv1.2"]
    assert suites
    assert all(re.fullmatch(r"ECDHE-.*(AES\d+-GCM|CHACHA20).*", name) for name in suites)


def test_every_dicomweb_resource_is_told(database: Database, settings: Settings, clock: SetClock) -> None:
    gate, files = AccessGate(database, clock), FileStore(settings.data)
    ingest = IngestService(database, files, settings, clock, gate)
    served = set()
    for route in routes(Catalogue(database, files), ingest, gate, lambda _: NOBODY, database, settings):
        path = route.path.replace(":path", "")
        for name, prefix in (("INSTANCE", INSTANCE), ("SERIES", SERIES), ("STUDY", STUDY), ("", "/dicomweb")):
            if path.startswith(prefix):
                path = name + path.removeprefix(prefix)
                break
        served |= {f"{method} {path}" for method in (route.methods or set()) - {"HEAD"}}
    rows = re.findall(r"^\| (?:QIDO-RS|WADO-RS|WADO-URI|STOW-RS) \| ([^|]+) \|", PAGE, re.MULTILINE)
    assert served == {resource for row in rows for resource in re.findall(r"`([A-Z]+ [^`]+)`", row)}
