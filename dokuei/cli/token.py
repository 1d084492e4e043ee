"""`dokuei token`."""

from __future__ import annotations

from pathlib import Path

import click

from dokuei.cli.options import data_option, settings_of, telling_errors
from dokuei.office import Office


@click.group()
def token() -> None:
    """Bearer tokens for programs."""


@token.command()
@click.argument("login")
@data_option
def issue(login: str, data: str | None, config: Path | None) -> None:
    """Print a bearer token that acts as LOGIN, and nothing else."""
    with telling_errors(), Office.opened(settings_of(data, config)) as office:
        click.echo(office.credentials.issue_token(login))


@token.command()
@click.argument("login")
@data_option
def revoke(login: str, data: str | None, config: Path | None) -> None:
    """End every token and every session of LOGIN at once."""
    with telling_errors(), Office.opened(settings_of(data, config)) as office, office.database.write() as session:
        ended = office.directory.end_credentials(session, login)
    click.echo(f"ended {ended}")
