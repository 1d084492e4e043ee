"""`dokuei study`."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console

from access_control.model import OPERATOR
from dokuei.cli.operator import operator_of
from dokuei.cli.options import data_option, settings_of, telling_errors
from dokuei.cli.study_orders import commitment, manifest
from dokuei.cli.study_sends import send, sends
from dokuei.hub import Hub
from dokuei.progress import progress_bar
from pacs_node.importer import Fate, ImportOutcome, count_files, import_paths
from shared_kernel.clock import JST

_SHOWN_REFUSALS = 20


@click.group()
def study() -> None:
    """Studies."""


study.add_command(manifest)
study.add_command(commitment)
study.add_command(send)
study.add_command(sends)


@study.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--site", "site_code", default=None, help="Code of the site whose studies these are.")
@data_option
def import_(paths: tuple[Path, ...], site_code: str | None, data: str | None, config: Path | None) -> None:
    """Take in DICOM files and folders, by the same rules as a C-STORE.

    Without --site the studies go to the only site, or to the only clinic under contract.
    """
    errors = Console(stderr=True)
    done: Counter[Fate] = Counter()
    with telling_errors(), Hub.opened(settings_of(data, config)) as hub:
        operator = operator_of(hub, site_code)
        errors.print(f"importing for {operator.site_code} {operator.site_name}", highlight=False)
        with hub.ingest.beside_the_server(), progress_bar(errors) as progress:
            task = progress.add_task("取り込み中 / importing", total=count_files(paths))
            for outcome in import_paths(paths, hub.ingest, operator):
                done[outcome.fate] += 1
                progress.advance(task)
                if outcome.fate is Fate.REFUSED and done[Fate.REFUSED] <= _SHOWN_REFUSALS:
                    progress.console.print(_told(outcome), highlight=False, markup=False, soft_wrap=True)
    click.echo(f"stored {done[Fate.STORED]}, already there {done[Fate.DUPLICATE]}, refused {done[Fate.REFUSED]}")
    if done[Fate.REFUSED]:
        raise SystemExit(1)


@study.command()
@click.option("--peer", "ae_title", default=None, help="Studies that this AE title has sent to.")
@click.option("--study", "study_uid", default=None, help="One study, by its Study Instance UID.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), default=None, help="Received on this day (JST) or later.")
@data_option
def reindex(
    ae_title: str | None, study_uid: str | None, since: datetime | None, data: str | None, config: Path | None
) -> None:
    """Read the texts of stored studies anew, by the rules that their senders have now; files are only read.

    For after `dokuei peer set --character-set` or `--coercion`. May run beside the server.
    """
    if not (ae_title or study_uid or since):
        raise click.UsageError("Say which studies: --peer, --study or --since.")
    errors = Console(stderr=True)
    changed = unreadable = 0
    with telling_errors(), Hub.opened(settings_of(data, config)) as hub:
        if ae_title is not None and hub.peers.find(ae_title) is None:
            raise click.UsageError(f"No peer has the AE title {ae_title}.")
        uids = hub.text_reader.studies(
            sender=f"ae:{ae_title.strip()}" if ae_title else None,
            study_uid=study_uid,
            since=since.replace(tzinfo=JST) if since else None,
        )
        with progress_bar(errors) as progress:
            task = progress.add_task("読み直し中 / reading", total=len(uids))
            for outcome in hub.text_reader.read(uids, OPERATOR):
                changed += outcome.changed
                unreadable += outcome.unreadable
                progress.advance(task)
    click.echo(f"read {len(uids)}, changed {changed}, unreadable files {unreadable}")
    if unreadable or (study_uid and not uids):
        raise SystemExit(1)


def _told(outcome: ImportOutcome) -> str:
    why = f"{outcome.reason.en} / {outcome.reason.ja}" if outcome.reason else outcome.code
    return f"{outcome.path}: {why}" + (f" ({outcome.details})" if outcome.details else "")
