"""`dokuei site`."""

from __future__ import annotations

from pathlib import Path

import click

from dokuei.cli.options import data_option, settings_of, telling_errors
from dokuei.office import Office
from shared_kernel.settings import address, ae_title


@click.group()
def site() -> None:
    """Clinics and hospitals."""


@site.command()
@click.argument("code")
@click.argument("name")
@click.option("--ae-title", "title", required=True, help="AE title of the site's DICOM node.")
@click.option("--ae-address", "at", default=None, metavar="HOST:PORT", help="Where that node listens.")
@data_option
def add(code: str, name: str, title: str, at: str | None, data: str | None, config: Path | None) -> None:
    """Register a site and its DICOM node, which may send from now on."""
    try:
        checked, where = ae_title(title), address(at) if at else None
    except ValueError as error:
        raise click.ClickException(f"{error}.") from error
    with telling_errors(), Office.opened(settings_of(data, config)) as office, office.database.write() as session:
        office.directory.add_site(session, code, name)
        office.peers.add(session, checked, code, where)
    click.echo(f"site {code} {name} ({checked})")
