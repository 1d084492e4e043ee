"""`dokuei peer`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dokuei.cli.options import data_option, settings_of, telling_errors
from dokuei.cli.peer_options import settings_of_options, settings_options
from dokuei.cli.peer_words import LABELS, REASONS, moment, shown
from dokuei.office import Office
from dokuei.wiring.outgoing_tls import outgoing_tls
from pacs_node.peers.echo import PeerTester
from pacs_node.peers.history import history
from pacs_node.peers.settings import told
from pacs_node.peers.sightings import last_seen, refused

_LATELY = timedelta(days=7)
_PIPE_WIDTH = 400


@click.group()
def peer() -> None:
    """DICOM peers 接続機器: who may connect, and what they may do."""


@peer.command("list")
@data_option
def list_(data: str | None, config: Path | None) -> None:
    """Show every peer, when it was seen last, and who was turned away in the last seven days."""
    with telling_errors(), Office.opened(settings_of(data, config)) as office, office.database.read() as session:
        peers = office.peers.peers(session)
        seen = last_seen(session, [each.ae_title for each in peers])
        lately = refused(session, office.clock.now() - _LATELY)
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("AE タイトル", "施設 / site", "サービス / services", "アドレス / address", "最終接続 / last seen"):
        table.add_column(heading, overflow="fold")
    for each in peers:
        last = seen.get(each.ae_title)
        services = shown("services", told(each)["services"])
        table.add_row(
            each.ae_title,
            f"{each.site_code} {each.site_name}",
            services if each.enabled else "無効 / disabled",
            str(each.address or "-"),
            f"{moment(last.at)} {last.host}".strip() if last else "-",
        )
    console = _console()
    console.print(table if peers else "接続機器はまだ登録されていません / no peer is registered: dokuei peer add")
    for one in lately:
        told_why = REASONS[one.why]
        line = f"拒否 / refused: {one.ae_title} ×{one.count} {moment(one.last_at)} {told_why.ja} / {told_why.en}"
        console.print(Text(f"{line} ({one.host})" if one.host else line))


@peer.command()
@click.argument("title", metavar="AET")
@data_option
def show(title: str, data: str | None, config: Path | None) -> None:
    """Show all settings of AET, when it was seen last, and what was changed."""
    with telling_errors(), Office.opened(settings_of(data, config)) as office, office.database.read() as session:
        each = office.peers.get(session, title)
        seen = last_seen(session, [each.ae_title]).get(each.ae_title)
        changes = history(session, each.ae_title)
    table = Table(show_edge=False, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    table.add_row("AE タイトル / AE title", Text(each.ae_title))
    for name, value in told(each).items():
        table.add_row(f"{LABELS[name].ja} / {name}", Text(shown(name, value)))
    table.add_row("最終接続 / last seen", f"{moment(seen.at)} {seen.host}".strip() if seen else "-")
    console = _console()
    console.print(table)
    console.print("変更履歴 / history")
    for change in changes:
        what = "; ".join(
            f"{name}: {shown(name, before)} → {shown(name, after)}" for name, (before, after) in change.changes.items()
        )
        console.print(
            Text(f"  {moment(change.at)} {change.actor} {change.deed} {what if change.deed == 'change' else ''}")
        )


@peer.command()
@click.argument("title", metavar="AET")
@click.option("--site", "site_code", required=True, help="Code of the site that it acts for.")
@settings_options
@data_option
def add(title: str, site_code: str, data: str | None, config: Path | None, **given: Any) -> None:
    """Register AET; it may do what is named here and nothing else."""
    with telling_errors(), Office.opened(settings_of(data, config)) as office, office.database.write() as session:
        office.directory.site(session, site_code)
        settings = {"services": frozenset(), **settings_of_options(given)}
        made = office.peers.add(session, title, site_code, settings.pop("address", None), **settings)
    click.echo(f"peer {made.ae_title} {made.site_code} ({shown('services', told(made)['services'])})")


@peer.command("set")
@click.argument("title", metavar="AET")
@click.option("--site", "site_code", default=None, help="Code of the site that it acts for from now on.")
@settings_options
@data_option
def set_(title: str, site_code: str | None, data: str | None, config: Path | None, **given: Any) -> None:
    """Change settings of AET; they count from its next association on."""
    with telling_errors(), Office.opened(settings_of(data, config)) as office, office.database.write() as session:
        settings = settings_of_options(given)
        if site_code is not None:
            office.directory.site(session, site_code)
            settings["site_code"] = site_code
        if not settings:
            raise click.UsageError("Name a setting / 設定を指定してください: dokuei peer set --help")
        before = office.peers.get(session, title)
        after = office.peers.change(session, title, **settings)
    old, new = told(before), told(after)
    for name in new:
        if old[name] != new[name]:
            what = f"{shown(name, old[name])} → {shown(name, new[name])}"
            click.echo(f"{after.ae_title} {LABELS[name].ja} / {name}: {what}")
    if old == new:
        click.echo(f"{after.ae_title}: 変更なし / nothing changed")


@peer.command()
@click.argument("title", metavar="AET")
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_option
def remove(title: str, yes: bool, data: str | None, config: Path | None) -> None:
    """Let AET in no more. What it has sent stays, and so does its history."""
    with telling_errors(), Office.opened(settings_of(data, config)) as office:
        with office.database.read() as session:
            each = office.peers.get(session, title)
        question = f"{each.ae_title} ({each.site_name}) を削除しますか / remove it?"
        if not yes and not click.confirm(question):
            raise click.Abort()
        with office.database.write() as session:
            office.peers.remove(session, title)
    click.echo(f"peer {each.ae_title} removed")


@peer.command()
@click.argument("title", metavar="AET")
@data_option
def test(title: str, data: str | None, config: Path | None) -> None:
    """Try AET at its address by C-ECHO, and say what is wrong; exit status 1 if anything is."""
    with telling_errors(), Office.opened(settings_of(data, config)) as office:
        with office.database.read() as session:
            each = office.peers.get(session, title)
        result = PeerTester(office.settings.ae_title, tls=outgoing_tls(office.settings))(each)
    about = f"{each.ae_title} {each.address or '-'}{' TLS' if each.tls else ''}"
    took = f" ({result.reply_ms} ms)" if result.reply_ms is not None else ""
    click.echo(f"{about}: {result.told.ja} / {result.told.en}{took}")
    if not result.well:
        click.echo(f"{result.next_step.ja} / {result.next_step.en}")
        if result.detail:
            click.echo(f"({result.detail})")
        raise SystemExit(1)


def _console() -> Console:
    console = Console(highlight=False)
    # Through a pipe a line is a line, however long.
    return console if console.is_terminal else Console(highlight=False, width=_PIPE_WIDTH)
