"""The conformance statement tells the statuses, names, limits and resources that the code has."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

from access_control.gate import AccessGate
from access_control.web.operation import NOBODY
from dicomweb.routes import INSTANCE, SERIES, STUDY, routes
from dokuei.hub import Hub
from dokuei.wiring.services import dimse_services
from pacs_node.archive.catalogue import Catalogue
from pacs_node.archive.files import FileStore
from pacs_node.errors import InstanceRefused
from pacs_node.ingest.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacs_node.ingest.service import IngestService
from pacs_node.scp.admission import MAXIMUM_PDU
from pacs_node.scp.answers import CANNOT_UNDERSTAND, NOT_AUTHORISED, OUT_OF_RESOURCES, SUCCESS, UNEXPECTED
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
    told = PAGE.split("### TLS")[1].split("\n### ")[0] + PAGE.split("### TLS")[0]
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
    rows = re.findall(r"^\| (?:QIDO|WADO|STOW)-RS \| ([^|]+) \|", PAGE, re.MULTILINE)
    assert served == {resource for row in rows for resource in re.findall(r"`([A-Z]+ [^`]+)`", row)}
