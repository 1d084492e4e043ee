"""`dokuei study manifest` and `dokuei study commitment`."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from access_control.model import OPERATOR
from dokuei.cli.operator import operator_at
from dokuei.cli.options import data_option, settings_of, telling_errors
from dokuei.hub import Hub
from pacs_node.commitment.model import CONFIRMED, NEVER_TOLD, Commitment, Direction
from pacs_node.expectations.routes import ManifestIn, said_by
from pacs_node.peers.errors import NoSuchPeer
from shared_kernel.clock import JST

_SHOWN = 20


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--site", "site_code", required=True, help="Code of the site whose study it is.")
@click.option("--withdraw", "reason", default=None, metavar="REASON", help="What is missing will not come, and why.")
@data_option
def manifest(file: Path, site_code: str, reason: str | None, data: str | None, config: Path | None) -> None:
    """Say what a study consists of: FILE is JSON as POST /api/manifests takes it. Ends with 1 while some is missing."""
    try:
        said = msgspec.json.decode(file.read_bytes(), type=ManifestIn)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file}: {error}") from error
    with telling_errors(), Hub.opened(settings_of(data, config)) as hub:
        with hub.database.read() as session:
            site = hub.directory.site(session, site_code)
        operator = operator_at(site.code, site.name)
        if reason is not None:
            hub.manifests.withdraw(operator, said.study_uid, reason)
            click.echo("withdrawn / 取り下げました")
            return
        state = hub.manifests.declare(operator, said.study_uid, said_by(said))
    click.echo(f"{state.here} / {state.expected} 件が届いています / instances are here")
    for words, uids in (("届いていません / missing", state.missing), ("内容が違います / different", state.different)):
        for uid in uids[:_SHOWN]:
            click.echo(f"{words}: {uid}")
        if len(uids) > _SHOWN:
            click.echo(f"{words}: … {len(uids)}")
    if state.missing or state.different:
        raise SystemExit(1)


@click.command()
@click.argument("study_uid")
@click.option("--ask", "ae_title", default=None, metavar="AET", help="Ask this peer to commit to the study.")
@data_option
def commitment(study_uid: str, ae_title: str | None, data: str | None, config: Path | None) -> None:
    """Show every Storage Commitment that names instances of a study, the newest first; or ask a peer for one.

    A running server asks the peer; the result is shown here when it has come.
    """
    with telling_errors(), Hub.opened(settings_of(data, config)) as hub:
        if ae_title is not None:
            peer = hub.peers.find(ae_title)
            if peer is None:
                raise NoSuchPeer(ae_title=ae_title)
            hub.commitments.ask(OPERATOR, peer, study_uid)
        found = hub.commitments.of_study(study_uid)
    if not found:
        click.echo("ありません / none")
    for each in found:
        _show(each)


def _show(each: Commitment) -> None:
    who = "依頼された / asked by" if each.direction is Direction.BY_PEER else "依頼した / asked of"
    good = sum(reference.failure_reason == CONFIRMED for reference in each.references)
    click.echo(
        f"{each.asked_at.astimezone(JST):%Y-%m-%d %H:%M:%S} {who} {each.ae_title}: {each.state.value}, "
        f"{good} / {len(each.references)} 件を確認 / confirmed, {each.transaction_uid}"
    )
    bad = [reference for reference in each.references if reference.failure_reason not in {None, CONFIRMED}]
    for reference in bad[:_SHOWN]:
        told = reference.failure_reason == NEVER_TOLD
        why = "not in the report" if told else f"{reference.failure_reason:04X}"
        click.echo(f"  {reference.sop_instance_uid}: {why}")
    if each.last_error:
        click.echo(f"  {each.last_error}")
