"""What can be wrong with an installation, looked at without changing anything."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from access_control.tables import ContractRow, PersonRow, SiteRow
from dokuei.demo.state import is_demo
from dokuei.migrations.upgrade import current, newest
from dokuei.server import served_at
from dokuei.web.browser import BrowserApplication
from pacs_node.archive.files import FileStore
from pacs_node.archive.roots import read_marker
from pacs_node.archive.tables import InstanceRow, InstanceVersionRow
from pacs_node.archive_care.entries import count_wrong, wrong
from pacs_node.archive_care.model import FileState
from pacs_node.archive_care.tables import ArchiveRoundRow, FullDiskRow, InstanceDigestRow
from pacs_node.archive_care.worker import SCHEDULED
from pacs_node.commitment.store import troubled
from pacs_node.errors import RootAway
from pacs_node.scu import orders
from shared_kernel.audit.trail import first_broken_link
from shared_kernel.clock import JST
from shared_kernel.database import Database
from shared_kernel.errors import DokueiError
from shared_kernel.events.tables import EventSetAsideRow, SubscriptionRow
from shared_kernel.settings import Settings, address

_LOOKED_AT = 200
_REMEMBERED = timedelta(days=30)
"""Failed orders and commitments are named for so long; the lists keep them."""
_OWED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: whether it is well, what was seen, and what to do if not."""

    subject: str
    well: bool
    told: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Everything that can be looked at; later looks are left out when an earlier one makes them pointless."""
    findings = list(_folder(settings))
    if not all(finding.well for finding in findings):
        return findings
    database = Database(settings.sqlalchemy_url)
    try:
        for look in (_schema, _integrity, _audit, _events, _region, _files, _verification, _sending, _space):
            findings += look(database, settings)
    except (DokueiError, SQLAlchemyError) as error:
        remedy = error.next_step.en if isinstance(error, DokueiError) else "see docs/operation.md, Backup"
        findings.append(Finding("database", False, str(error), remedy))
    finally:
        database.close()
    return [*findings, *_browser(), *_fonts(), *_demo(settings)]


def _folder(settings: Settings) -> Iterator[Finding]:
    data = settings.data
    if not data.is_dir():
        yield Finding("data folder", False, f"{data} is not there", "start the hub once with this --data DIR")
        return
    writable = os.access(data, os.R_OK | os.W_OK | os.X_OK)
    yield Finding("data folder", writable, str(data), f"give the hub's user the folder: chown -R USER {data}")
    open_to_others = data.stat().st_mode & 0o007
    yield Finding("privacy", not open_to_others, "folder mode", f"chmod o-rwx {data}")
    free = shutil.disk_usage(data).free
    enough = free > settings.min_free_disk
    told = f"{free / 1e9:.1f} GB free, ingest stops below {settings.min_free_disk / 1e9:.1f} GB"
    yield Finding("free disk", enough, told, "free space or enlarge the volume; ingest goes on by itself")
    if not settings.database_url:
        there = (data / "hub.sqlite").is_file()
        yield Finding("database file", there, "hub.sqlite", "start the hub once, or restore it from a backup")


def _schema(database: Database, _settings: Settings) -> Iterator[Finding]:
    is_at, wanted = current(database), newest()
    remedy = "start the hub once: it brings the database to today's shape"
    yield Finding("database shape", is_at == wanted, f"at {is_at}, wanted {wanted}", remedy)


def _integrity(database: Database, _settings: Settings) -> Iterator[Finding]:
    if database.engine.dialect.name != "sqlite":
        return
    with database.read() as session:
        answer = session.scalar(text("PRAGMA quick_check(1)"))
    yield Finding("database integrity", answer == "ok", str(answer), "restore the data folder from a backup")


def _audit(database: Database, _settings: Settings) -> Iterator[Finding]:
    with database.read() as session:
        broken = first_broken_link(session)
    told = "the chain is whole" if broken is None else f"row {broken} does not follow from the one before"
    yield Finding("audit trail", broken is None, told, "somebody changed the trail: keep a copy, compare with a backup")


def _events(database: Database, _settings: Settings) -> Iterator[Finding]:
    with database.read() as session:
        held_up = session.scalars(select(SubscriptionRow).where(SubscriptionRow.failures > 0)).all()
        set_aside = session.scalars(select(EventSetAsideRow).order_by(EventSetAsideRow.sequence)).all()
    for row in held_up:
        told = f"{row.subscriber} failed {row.failures} times at {row.last_error}"
        yield Finding("events", False, told, "read the log at this time; it is tried again by itself")
    for aside in set_aside:
        told = f"{aside.subscriber} could not handle {aside.event_name} #{aside.sequence}: {aside.error}"
        yield Finding("events", False, told, "mend the cause, then: dokuei doctor --retry")
    if not (held_up or set_aside):
        yield Finding("events", True, "every subscriber goes on")


def _region(database: Database, _settings: Settings) -> Iterator[Finding]:
    with database.read() as session:
        sites = set(session.scalars(select(SiteRow.code)))
        contracts = session.execute(select(ContractRow.clinic_code, ContractRow.hospital_code)).all()
        readers = set(session.scalars(select(PersonRow.site_code).where(PersonRow.role == "radiologist")))
    yield Finding("sites", bool(sites), f"{len(sites)} registered", "dokuei site add CODE NAME --ae-title AET")
    without = sorted(sites - {code for pair in contracts for code in pair} - readers)
    told = f"nobody reads for {', '.join(without)}" if without else f"{len(contracts)} contracts"
    yield Finding("contracts", not without, told, "dokuei contract add CLINIC HOSPITAL")
    empty = sorted({hospital for _, hospital in contracts} - readers)
    told = f"no radiologist at {', '.join(empty)}" if empty else "every reading site has a radiologist"
    yield Finding("readers", not empty, told, "dokuei person add LOGIN NAME --site CODE --role radiologist")


def _files(database: Database, settings: Settings) -> Iterator[Finding]:
    with database.read() as session:
        newest_rows = session.scalars(select(InstanceRow.file).order_by(InstanceRow.id.desc()).limit(_LOOKED_AT)).all()
    files = FileStore(settings.data, settings.storage_roots, settings.min_free_disk)
    missing = [name for name in newest_rows if not _is_there(files, name)]
    told = f"of the newest {len(newest_rows)} instances {len(missing)} have no file"
    yield Finding("files", not missing, told, "restore the archive folder from a backup")
    with database.read() as session:
        counts, found = count_wrong(session), wrong(session, most=1)
    told = f"{counts[FileState.DAMAGED]} damaged, {counts[FileState.MISSING]} missing"
    if found:
        told += f", such as {found[0].sop_instance_uid} of {found[0].site_code}: {found[0].damage.told.en}"
    yield Finding("archive", not found, told, "see all with dokuei archive verify; put these files back from a backup")
    orphans = files.count_orphans()
    told = f"{orphans} files are set aside that this database does not know"
    remedy = "see them with dokuei archive orphans; after restoring an older database take them back with --import"
    yield Finding("orphans", not orphans, told, remedy)


def _verification(database: Database, settings: Settings) -> Iterator[Finding]:
    with database.read() as session:
        files = sum(session.scalar(select(func.count(row.id))) or 0 for row in (InstanceRow, InstanceVersionRow))
        digested = session.scalar(select(func.count(InstanceDigestRow.file))) or 0
        latest = session.get(ArchiveRoundRow, SCHEDULED)
    told = f"{digested} of {files} files have a digest"
    if latest is None or not settings.verify_days:
        yield Finding("verification", True, told)
        return
    late = latest.finished_at is None and datetime.now(UTC) > latest.started_at + 2 * timedelta(settings.verify_days)
    told += f"; round of {latest.started_at.astimezone(JST):%Y-%m-%d}: {latest.looked_at} files read"
    remedy = "the round takes too long: look for archive.care_failed in the log, or raise verify_days"
    yield Finding("verification", not late, told, remedy)


def _sending(database: Database, _settings: Settings) -> Iterator[Finding]:
    now = datetime.now(UTC)
    with database.read() as session:
        failed = orders.given_up(session, now - _REMEMBERED)
        unproven = troubled(session, asked_since=now - _REMEMBERED, open_before=now - _OWED)
    told = f"{len(failed)} orders to send failed in {_REMEMBERED.days} days"
    if failed:
        told += f", such as #{failed[0].order_id} to {failed[0].destination}: {failed[0].last_error}"
    yield Finding("sending", not failed, told, "dokuei study sends --failed; mend the cause, then --retry N")
    told = f"{len(unproven)} storage commitments are open for more than a day, given up or not confirmed in full"
    if unproven:
        told += f", such as with {unproven[0].ae_title}: {unproven[0].last_error or unproven[0].state.value}"
    remedy = "dokuei study commitment STUDY_UID shows them; send again what the peer does not have, then --ask AET"
    yield Finding("storage commitment", not unproven, told, remedy)


def _is_there(files: FileStore, name: str) -> bool:
    try:
        return files.path_of(name).is_file()
    except RootAway:
        return False


def _space(database: Database, settings: Settings) -> Iterator[Finding]:
    for path in FileStore(settings.data, settings.storage_roots).root_paths:
        if not read_marker(path):
            remedy = "mount its disk; an empty folder becomes a root when the hub starts"
            yield Finding("storage root", False, f"{path} is not there", remedy)
            continue
        free = shutil.disk_usage(path).free
        yield Finding("storage root", True, f"{path}: {free / 1e9:.1f} GB free")
    with database.read() as session:
        last = session.scalar(select(FullDiskRow).order_by(FullDiskRow.id.desc()).limit(1))
    told = "instances were never refused for want of space"
    if last:
        began, ended = (at.astimezone(JST) for at in (last.began_at, last.ended_at))
        told = f"the last time from {began:%Y-%m-%d %H:%M} to {ended:%Y-%m-%d %H:%M} JST, {last.refused} times refused"
    yield Finding("full disk", True, told)


def _browser() -> Iterator[Finding]:
    built = BrowserApplication().is_built
    yield Finding("browser application", built, "built" if built else "not built", "make install")


def _fonts() -> Iterator[Finding]:
    remedy = "apt-get install fonts-noto-cjk fontconfig"
    if shutil.which("fc-list") is None:
        yield Finding("fonts for PDF", False, "fc-list is not there", remedy)
        return
    listed = subprocess.run(["fc-list", ":lang=ja", "family"], capture_output=True, text=True, check=False).stdout  # noqa: S607  # a fixed command
    found = "Noto" in listed
    yield Finding("fonts for PDF", found, "Noto CJK" if found else "no Japanese Noto font", remedy)


def _demo(settings: Settings) -> Iterator[Finding]:
    if not is_demo(settings):
        return
    running = served_at(settings.data)
    http = address(running[0]) if running and running[0] else settings.http
    local = http.host in {"127.0.0.1", "::1", "localhost"}
    told = f"this is the fictional region with printed passwords, {'served' if running else 'to be served'} at {http}"
    remedy = "never let others reach a demo; use another --data for real work"
    yield Finding("demo data", local, told, remedy)
