"""`dokuei doctor`."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import select

from dokuei import doctor as checks
from dokuei.cli.options import data_option, settings_of, telling_errors
from dokuei.hub import Hub
from shared_kernel.events.tables import EventSetAsideRow
from shared_kernel.settings import Settings


@click.command()
@click.option("--retry", is_flag=True, help="First try again what was set aside because it could not be handled.")
@data_option
def doctor(retry: bool, data: str | None, config: Path | None) -> None:
    """Say what is wrong with this installation and what to do; exit status 1 if anything is."""
    settings = settings_of(data, config)
    if retry:
        with telling_errors():
            _retry(settings)
    findings = checks.examine(settings)
    for finding in findings:
        click.echo(f"{'ok   ' if finding.well else 'WRONG'} {finding.subject}: {finding.told}")
        if not finding.well:
            click.echo(f"      → {finding.remedy}")
    wrong = sum(not finding.well for finding in findings)
    click.echo(f"{wrong} problem(s) / 問題 {wrong} 件" if wrong else "nothing is wrong / 問題ありません")
    if wrong:
        raise SystemExit(1)


def _retry(settings: Settings) -> None:
    with Hub.opened(settings) as hub:
        with hub.database.read() as session:
            rows = session.scalars(select(EventSetAsideRow).order_by(EventSetAsideRow.sequence)).all()
        for row in rows:
            try:
                hub.dispatcher.retry(row.subscriber, row.sequence)
            except Exception as error:  # whatever it is, the next one is tried too
                click.echo(f"{row.subscriber} still can't handle {row.event_name} #{row.sequence}: {error}", err=True)
            else:
                click.echo(f"{row.subscriber} has handled {row.event_name} #{row.sequence}")
