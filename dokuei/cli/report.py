"""`dokuei report`."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from access_control.model import OPERATOR
from dokuei.cli.options import data_option, settings_of, telling_errors
from dokuei.hub import Hub
from pacs_node.scu.model import Fate


@click.group()
def report() -> None:
    """Reports."""


@report.command("send")
@click.argument("report_id")
@click.option("--to", "destination", required=True, metavar="AET", help="AE title of the peer.")
@data_option
def send(report_id: str, destination: str, data: str | None, config: Path | None) -> None:
    """Send a signed report to a DICOM peer, as an Encapsulated PDF object of its study."""
    with telling_errors(), Hub.opened(settings_of(data, config)) as hub:
        sent = hub.report_sender.send(OPERATOR, report_id, destination)
    click.echo(f"{sent.fate.value} {sent.sop_instance_uid}")
    if sent.reason:
        Console(stderr=True).print(sent.reason, highlight=False, markup=False, soft_wrap=True)
    if sent.fate is Fate.FAILED:
        raise SystemExit(1)
