"""The fictional region: three clinics, two reading hospitals, people in every role."""

from __future__ import annotations

from typing import NamedTuple

from access_control.errors import AlreadyThere
from access_control.model import Role
from dokuei.office import Office
from pacs_node.peers.model import Service

PASSWORD = "dokuei-demo"  # noqa: S105  # printed at the start; exists in the demo's own data folder only


_SCANNER = frozenset({Service.STORE, Service.WORKLIST, Service.MPPS, Service.COMMITMENT})
_PACS = frozenset({Service.STORE, Service.FIND, Service.MOVE, Service.GET, Service.COMMITMENT})


class DemoSite(NamedTuple):
    """A fictional site and its DICOM node."""

    code: str
    name: str
    ae_title: str
    services: frozenset[Service] = _SCANNER
    contracts: bool = False


class DemoPerson(NamedTuple):
    """A fictional person."""

    login: str
    name: str
    site_code: str
    role: Role


SITES = (
    DemoSite("MINATO", "みなと診療所", "MINATO_CT"),
    DemoSite("YAMANE", "山根クリニック", "YAMANE_CT"),
    DemoSite("SHIOMI", "潮見医院", "SHIOMI_CT"),
    DemoSite("CHUO", "あおば中央病院", "CHUO_PACS", _PACS, contracts=True),
    DemoSite("KITA", "北浜総合病院", "KITA_PACS", _PACS, contracts=True),
)
CONTRACTS = (("MINATO", "CHUO"), ("YAMANE", "CHUO"), ("SHIOMI", "KITA"))
PEOPLE = (
    DemoPerson("minato-gishi", "浜田 真", "MINATO", Role.TECHNOLOGIST),
    DemoPerson("minato-isha", "湊 一朗", "MINATO", Role.REFERRING_DOCTOR),
    DemoPerson("yamane-isha", "山根 千絵", "YAMANE", Role.REFERRING_DOCTOR),
    DemoPerson("shiomi-isha", "潮見 誠", "SHIOMI", Role.REFERRING_DOCTOR),
    DemoPerson("chuo-dokuei", "青葉 玲", "CHUO", Role.RADIOLOGIST),
    DemoPerson("chuo-dokuei2", "森川 健", "CHUO", Role.RADIOLOGIST),
    DemoPerson("kita-dokuei", "北浜 葵", "KITA", Role.RADIOLOGIST),
    DemoPerson("minato-yoyaku", "岸 由美", "MINATO", Role.SCHEDULER),
    DemoPerson("jimukyoku", "大谷 千夏", "CHUO", Role.SECRETARIAT),
    DemoPerson("kanri", "関 亮", "CHUO", Role.ADMINISTRATOR),
)


def found(office: Office) -> None:
    """Register what is not there yet; a second run changes nothing."""
    with office.database.write() as session:
        known = {site.code for site in office.directory.sites(session)}
        for site in SITES:
            if site.code not in known:
                office.directory.add_site(session, site.code, site.name)
                office.peers.add(session, site.ae_title, site.code, services=site.services, contracts=site.contracts)
    for person in PEOPLE:
        try:
            with office.database.write() as session:
                office.directory.add_person(session, **person._asdict(), password=PASSWORD)
        except AlreadyThere:
            continue
    for clinic, hospital in CONTRACTS:
        try:
            with office.database.write() as session:
                office.directory.add_contract(session, clinic, hospital)
        except AlreadyThere:
            continue
