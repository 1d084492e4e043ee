"""`dokuei study`."""

from __future__ import annotations

from pathlib import Path

import click
from pacs_node.importer import count_files, import_paths
from rich.console import Console

from access_control.model import Actor, ActorKind
from dokuei.cli.options import data_option, settings_of, telling_errors
from dokuei.hub import Hub
from dokuei.progress import progress_bar

_SHOWN_REFUSALS = 20


@click.group()
def study() -> None:
    """Studies."""


@study.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--site", "site_code", default=None, help="Code of the site whose studies these are.")
@data_option
def import_(paths: tuple[Path, ...], site_code: str | None, data: str | None, config: Path | None) -> None:
    """Take in DICOM files and folders, by the same rules as a C-STORE.

    Without --site the studies go to the only site, or to the only clinic under contract.
    """
    errors = Console(stderr=True)
    done = {"stored": 0, "duplicate": 0, "refused": 0}
    with telling_errors(), Hub.opened(settings_of(data, config)) as hub:
        operator = _operator(hub, site_code)
        errors.print(f"importing for {operator.site_code} {operator.site_name}", highlight=False)
        hub.ingest.start()
        try:
            with progress_bar(errors) as progress:
                task = progress.add_task("取り込み中 / importing", total=count_files(paths))
                for outcome in import_paths(paths, hub.ingest, operator):
                    done[outcome.result] += 1
                    progress.advance(task)
                    if outcome.result == "refused" and done["refused"] <= _SHOWN_REFUSALS:
                        progress.console.print(f"{outcome.path}: {outcome.reason}", highlight=False, markup=False)
        finally:
            hub.ingest.stop()
    click.echo(f"stored {done['stored']}, already there {done['duplicate']}, refused {done['refused']}")
    if done["refused"]:
        raise SystemExit(1)


def _operator(hub: Hub, site_code: str | None) -> Actor:
    with hub.database.read() as session:
        sites = hub.directory.sites(session)
        clinics = hub.directory.clinics_under_contract(session)
        if site_code is not None:
            site = hub.directory.site(session, site_code)
        elif len(sites) == 1:
            site = sites[0]
        elif len(clinics) == 1:
            site = hub.directory.site(session, clinics[0])
        else:
            known = ", ".join(each.code for each in sites) or "none: register one with dokuei site add"
            raise click.UsageError(f"Say whose studies these are: --site CODE (known: {known}).")
    return Actor(
        kind=ActorKind.OPERATOR,
        login="operator",
        name="operator",
        role=None,
        site_code=site.code,
        site_name=site.name,
        session_id="command-line",
    )
