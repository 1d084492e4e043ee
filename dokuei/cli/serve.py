"""`dokuei serve`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from dokuei import logs
from dokuei.cli.options import data_option, settings_of, telling_errors
from dokuei.hub import Hub
from dokuei.server import serve as run
from shared_kernel.settings import Address, Settings


@click.command()
@data_option
@click.option("--http", default=None, metavar="HOST:PORT", help="For browsers and DICOMweb.")
@click.option("--dicom", default=None, metavar="HOST:PORT", help="For DICOM peers.")
@click.option("--ae-title", default=None, help="Our own AE title (DOKUEI).")
def serve(data: str | None, config: Path | None, http: str | None, dicom: str | None, ae_title: str | None) -> None:
    """Run the hub until Ctrl-C; prints one line when it is ready."""
    settings = settings_of(data, config, http=http, dicom=dicom, ae_title=ae_title)
    logs.configure(settings.log_level)

    def say(_hub: Hub, at_http: Address, at_dicom: Address) -> Callable[[], None]:
        click.echo(ready_line(settings, at_http, at_dicom))
        return lambda: None

    with telling_errors():
        run(settings, say)


def ready_line(settings: Settings, http: Address, dicom: Address) -> str:
    """The line that scripts wait for."""
    return f"dokuei ready http=http://{http} dicom={settings.ae_title}@{dicom}"
