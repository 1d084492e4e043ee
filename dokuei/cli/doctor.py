"""`dokuei doctor`."""

from __future__ import annotations

from pathlib import Path

import click

from dokuei import doctor as checks
from dokuei.cli.options import data_option, settings_of


@click.command()
@data_option
def doctor(data: str | None, config: Path | None) -> None:
    """Say what is wrong with this installation and what to do; exit status 1 if anything is."""
    findings = checks.examine(settings_of(data, config))
    for finding in findings:
        click.echo(f"{'ok   ' if finding.well else 'WRONG'} {finding.subject}: {finding.told}")
        if not finding.well:
            click.echo(f"      → {finding.remedy}")
    wrong = sum(not finding.well for finding in findings)
    click.echo(f"{wrong} problem(s) / 問題 {wrong} 件" if wrong else "nothing is wrong / 問題ありません")
    if wrong:
        raise SystemExit(1)
