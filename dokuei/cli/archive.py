"""`dokuei archive`."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from access_control.model import OPERATOR, Actor
from dokuei.cli.operator import operator_of
from dokuei.cli.options import data_option, settings_of, telling_errors
from dokuei.hub import Hub
from dokuei.progress import progress_bar
from pacs_node.archive_care.emptying import Emptying
from pacs_node.archive_care.entries import Selection, count_wrong, wrong
from pacs_node.archive_care.mending import DAMAGED_SUFFIX
from pacs_node.archive_care.model import FileState, Verdict, Wrong
from pacs_node.archive_care.mounting import mount
from pacs_node.archive_care.orphans import Orphan, orphans, take_back
from pacs_node.archive_care.verification import Verification
from pacs_node.importer import Fate
from shared_kernel.clock import JST
from shared_kernel.errors import Text

_SHOWN = 100
_NO_IMAGE = {
    ".cut": "（途中で切れている / cut short）",  # nobody was told that it is stored
    DAMAGED_SUFFIX: "（破損、再送で修復済 / damaged, mended by a resend）",
}


@click.group()
def archive() -> None:
    """The stored files."""


@archive.command()
@click.option("--all", "everything", is_flag=True, help="Every file; this is what happens if nothing is said.")
@click.option("--since", default=None, metavar="YYYY-MM-DD", help="What was received on this day (Japan) or later.")
@click.option("--study", "study_uid", default=None, metavar="UID", help="One study.")
@click.option("--restart", is_flag=True, help="From the beginning, also where an earlier run was broken off.")
@data_option
def verify(
    everything: bool, since: str | None, study_uid: str | None, restart: bool, data: str | None, config: Path | None
) -> None:
    """Read stored files again and compare them with the day they came; exit status 1 if anything is wrong.

    A run that was broken off goes on where it was. Works beside the running server.
    """
    if sum((everything, since is not None, study_uid is not None)) > 1:
        raise click.UsageError("Say one of --all, --since and --study / --all、--since、--study は一つだけ指定します。")
    name, chosen = _chosen(since, study_uid)
    errors = Console(stderr=True)
    with telling_errors(), Hub.opened(settings_of(data, config)) as hub:
        mount(hub.files, hub.database, hub.clock)
        if study_uid is not None and hub.catalogue.study(study_uid) is None:
            raise click.ClickException(f"この検査はありません / no such study: {study_uid}")
        verification = Verification(hub.database, hub.files, hub.clock, name, chosen)
        if verification.begin(anew=restart):
            errors.print("前回の続きから / going on where the last run was broken off", highlight=False)
        with progress_bar(errors) as progress:
            task = progress.add_task("検証中 / verifying", total=verification.remaining())
            for verdict in verification.run():
                progress.advance(task)
                if verdict.state is not FileState.OK:
                    progress.console.print(_told(verdict), highlight=False, markup=False, soft_wrap=True)
        done = verification.round()
        with hub.database.read() as session:
            counts, found = count_wrong(session, chosen), wrong(session, chosen, most=_SHOWN)
    looked_at = done.looked_at if done else 0
    bad = sum(counts.values())
    _show(found, bad)
    click.echo(
        f"検証 {looked_at} 件、破損 {counts[FileState.DAMAGED]} 件、欠落 {counts[FileState.MISSING]} 件 / "
        f"verified {looked_at}, damaged {counts[FileState.DAMAGED]}, missing {counts[FileState.MISSING]}"
    )
    if bad:
        click.echo(
            "バックアップから該当ファイルを戻し、もう一度検証してください。 / "
            "Put these files back from a backup and verify again."
        )
        raise SystemExit(1)


@archive.command("orphans")
@click.option("--everywhere", is_flag=True, help="Look through the whole archive too; that takes long.")
@click.option("--import", "importing", is_flag=True, help="Take them back; without this they are only listed.")
@click.option("--site", "site_code", default=None, help="Code of the site whose studies new ones become.")
@data_option
def orphans_(everywhere: bool, importing: bool, site_code: str | None, data: str | None, config: Path | None) -> None:
    """List files that the index does not name, with what they hold; exit status 1 if any stays.

    With --import each is taken in by the rules of a C-STORE, and removed from where it lay once it is stored.
    """
    if importing and site_code is None:
        raise click.UsageError(
            "どの施設の検査かを --site で指定してください / say whose studies these are: --site CODE"
        )
    with telling_errors(), Hub.opened(settings_of(data, config)) as hub:
        mount(hub.files, hub.database, hub.clock)
        if importing:
            operator = operator_of(hub, site_code)
            with hub.ingest.beside_the_server():
                stay = sum(not _taken(each, hub, operator) for each in _listed(hub, everywhere=everywhere))
        else:
            stay = sum(1 for each in _listed(hub, everywhere=everywhere) if _said(each))
    told = "残り {0} 件 / {0} left" if importing else "{0} 件 / {0} files"
    click.echo(told.format(stay))
    if stay:
        raise SystemExit(1)


@archive.command()
@click.argument("root", type=click.Path(exists=True, file_okay=False, path_type=Path))
@data_option
def empty(root: Path, data: str | None, config: Path | None) -> None:
    """Move all that a storage root holds to the other roots; exit status 1 if anything stays.

    The old files stay where they are, and are not needed any more. Works beside the running server.
    """
    errors = Console(stderr=True)
    with telling_errors(), Hub.opened(settings_of(data, config)) as hub:
        mount(hub.files, hub.database, hub.clock)
        emptying = Emptying(hub.database, hub.files, hub.clock, root, min_free=hub.settings.min_free_disk)
        moved = 0
        with hub.ingest.beside_the_server(), progress_bar(errors) as progress:
            task = progress.add_task("移動中 / moving", total=emptying.remaining())
            for each in emptying.run(OPERATOR):
                progress.advance(task)
                moved += not each.why
                if each.why:
                    progress.console.print(f"{each.file}: {each.why}", highlight=False, markup=False, soft_wrap=True)
        left = emptying.remaining()
    click.echo(f"移動 {moved} 件、残り {left} 件 / moved {moved}, left {left}")
    if left:
        click.echo(
            "残ったファイルを dokuei archive verify で確認し、もう一度実行してください。 / "
            "See what is wrong with dokuei archive verify, mend it, and run this again."
        )
        raise SystemExit(1)
    click.echo("storage_roots からこの保存先を外し、再起動します。 / Take this root out of storage_roots and restart.")


def _listed(hub: Hub, *, everywhere: bool) -> list[Orphan]:
    # The list is whole before the first is moved.
    return list(orphans(hub.files, hub.database, everywhere=everywhere))


def _said(orphan: Orphan) -> bool:
    holds = f"{orphan.study_uid} {orphan.sop_instance_uid}" if orphan.study_uid else "DICOM ではない / no DICOM"
    whose = f" {orphan.site_code}" if orphan.site_code else ""
    click.echo(f"{orphan.path} {orphan.size} B {holds}{whose}{_NO_IMAGE.get(orphan.path.suffix, '')}")
    return True


def _taken(orphan: Orphan, hub: Hub, operator: Actor) -> bool:
    if orphan.path.suffix in _NO_IMAGE:
        return not _said(orphan)
    outcome = take_back(orphan, hub.ingest, operator)
    if outcome.fate is Fate.REFUSED:
        why = _both(outcome.reason) if outcome.reason else outcome.code
        click.echo(f"{orphan.path}: {why} ({outcome.details})", err=True)
    return outcome.fate is not Fate.REFUSED


def _chosen(since: str | None, study_uid: str | None) -> tuple[str, Selection]:
    """The name of the round, and what it reads."""
    if study_uid is not None:
        return f"study {study_uid}"[:160], Selection(study_uid=study_uid)
    if since is None:
        return "all", Selection()
    try:
        day = date.fromisoformat(since)
    except ValueError as error:
        raise click.UsageError(f"日付は YYYY-MM-DD です / a date is wanted, YYYY-MM-DD: {since}") from error
    return f"since {day}", Selection(since=datetime.combine(day, time(), JST))


def _told(verdict: Verdict) -> str:
    entry = verdict.entry
    return f"{_both(verdict.damage.told)}: {entry.site_code} {entry.study_uid} {entry.sop_instance_uid} ({entry.file})"


def _show(found: list[Wrong], number: int) -> None:
    if not found:
        return
    table = Table(show_edge=False, pad_edge=False)
    for heading in (
        "施設 / site", "検査 / study", "インスタンス / instance", "状態 / what is wrong", "ファイル / file",
    ):  # fmt: skip
        table.add_column(heading, overflow="fold")
    for each in found:
        table.add_row(each.site_code, each.study_uid, each.sop_instance_uid, _both(each.damage.told), each.file)
    # Wide enough for whole UIDs, on a terminal and in a file.
    Console(width=240, highlight=False).print(table)
    if number > len(found):
        click.echo(f"ほか {number - len(found)} 件 / and {number - len(found)} more")


def _both(text: Text) -> str:
    return f"{text.ja} / {text.en}"
