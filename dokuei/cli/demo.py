"""`dokuei demo`."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from dokuei import logs
from dokuei.cli.options import data_option, settings_of, telling_errors
from dokuei.cli.serve import ready_line
from dokuei.demo import play, region
from dokuei.hub import Hub
from dokuei.server import serve as run
from shared_kernel.settings import Address

_SECONDS_TO_END = 10


@click.command()
@data_option
@click.option("--http", default=None, metavar="HOST:PORT", help="For browsers and DICOMweb.")
@click.option("--dicom", default=None, metavar="HOST:PORT", help="For DICOM peers.")
@click.option("--ae-title", default=None, help="Our own AE title (DOKUEI).")
def demo(data: str | None, config: Path | None, http: str | None, dicom: str | None, ae_title: str | None) -> None:
    """Run the hub with a fictional region, whose clinics send their studies over the DICOM port."""
    settings = settings_of(data, config, http=http, dicom=dicom, ae_title=ae_title)
    logs.configure(settings.log_level)
    console = Console()
    stopping = threading.Event()
    failed: list[Exception] = []

    def story(hub: Hub, http: Address, dicom: Address) -> None:
        try:
            play.play(hub, dicom, console, stopping)
        except Exception as error:  # told by the main thread, which is stopped by it
            if not stopping.is_set():
                failed.append(error)
                os.kill(os.getpid(), signal.SIGTERM)
        else:
            if not stopping.is_set():
                _show(console, f"http://{http}", f"{settings.ae_title}@{dicom}")
                click.echo(ready_line(settings, http, dicom))

    def begin(hub: Hub, http: Address, dicom: Address) -> Callable[[], None]:
        playing = threading.Thread(target=story, args=(hub, http, dicom), name="demo", daemon=True)
        playing.start()

        def end() -> None:
            stopping.set()
            playing.join(_SECONDS_TO_END)

        return end

    with telling_errors():
        run(settings, begin, prepare=play.prepare)
    if failed:
        raise click.ClickException(f"The demo could not be played: {failed[0]}") from failed[0]


def _show(console: Console, http: str, dicom: str) -> None:
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("施設 / site", "氏名 / name", "役割 / role", "ログイン名 / log-in"):
        table.add_column(heading, no_wrap=True)
    names = {site.code: site.name for site in region.SITES}
    for person in region.PEOPLE:
        table.add_row(names[person.site_code], person.name, person.role.value, person.login)
    console.print(table)
    console.print(f"パスワードは全員 / password of all: {region.PASSWORD}", highlight=False)
    console.print(f"画面 / browser: {http}   DICOM: {dicom}", highlight=False)
    console.print("終了は / stop with Ctrl-C", highlight=False)
