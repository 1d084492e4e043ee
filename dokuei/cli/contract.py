"""`dokuei contract`."""

from __future__ import annotations

from pathlib import Path

import click

from dokuei.cli.options import data_option, settings_of, telling_errors
from dokuei.office import Office


@click.group()
def contract() -> None:
    """Who reads for whom."""


@contract.command()
@click.argument("clinic")
@click.argument("hospital")
@data_option
def add(clinic: str, hospital: str, data: str | None, config: Path | None) -> None:
    """HOSPITAL reads for CLINIC from now on; without this no reader sees the clinic's studies."""
    with telling_errors(), Office.opened(settings_of(data, config)) as office, office.database.write() as session:
        office.directory.add_contract(session, clinic, hospital)
    click.echo(f"contract {clinic} {hospital}")
