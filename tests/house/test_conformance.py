"""The conformance statement tells the statuses, names, limits and resources that the code has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from access_control.gate import AccessGate
from access_control.web.operation import NOBODY
from dicomweb.routes import INSTANCE, SERIES, STUDY, routes
from pacs_node.archive.catalogue import Catalogue
from pacs_node.archive.files import FileStore
from pacs_node.errors import InstanceRefused
from pacs_node.ingest.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacs_node.ingest.service import IngestService
from pacs_node.scp.association import CANNOT_UNDERSTAND, NOT_AUTHORISED, OUT_OF_RESOURCES, SUCCESS, UNEXPECTED
from pacs_node.scp.transport import MAXIMUM_PDU
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
