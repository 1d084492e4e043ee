"""`dokuei study send` and `dokuei study sends`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import click
from rich.console import Console

from access_control.model import OPERATOR
from dokuei.cli.operator import operator_at
from dokuei.cli.options import data_option, settings_of, telling_errors
from dokuei.hub import Hub
from dokuei.progress import progress_bar
from pacs_node.commitment.model import CONFIRMED
from pacs_node.scu.orders import Order, State
from shared_kernel.clock import JST
from shared_kernel.errors import Text

_SHOWN = 20
_HEAD_START = timedelta(minutes=1)
"""For so long the running hub leaves the order to the command; if that is killed, it takes it up then."""
_WORDS: Mapping[State, Text] = {
    State.WAITING: Text("送信待ち", "queued"),
    State.SENDING: Text("送信中", "sending"),
    State.SENT: Text("送信済み", "sent"),
    State.WARNING: Text("警告つきで送信済み", "sent with a warning"),
    State.FAILED: Text("送信失敗", "failed"),
}


@click.command()
@click.argument("study_uid")
@click.option("--to", "destination", required=True, metavar="AET", help="AE title of the peer.")
@data_option
def send(study_uid: str, destination: str, data: str | None, config: Path | None) -> None:
    """Send a study to a DICOM peer by C-STORE, and wait until each instance was answered.

    What the peer could not take now stays in the queue: the running hub tries it again.
    """
    errors = Console(stderr=True)
    with telling_errors(), Hub.opened(settings_of(data, config)) as hub:
        operator = operator_at(hub.catalogue.site_of(study_uid) or "")
        order_id = hub.outgoing.order_study(operator, study_uid, destination, after=_HEAD_START)
        with progress_bar(errors) as progress:
            task = progress.add_task(f"送信中 / sending → {destination}", total=hub.outgoing.order(order_id).total)
            hub.outgoing.run(order_id, told=lambda _: progress.advance(task), early=True)
        order = hub.outgoing.order(order_id)
    click.echo(
        f"送信済み {order.sent} / sent, 失敗 {order.failed} / failed, 送信待ち {order.waiting} / queued  (#{order_id})"
    )
    if order.last_error:
        errors.print(order.last_error, highlight=False, markup=False, soft_wrap=True)
    if order.sent < order.total:
        raise SystemExit(1)


@click.command()
@click.option("--order", "order_id", type=int, default=None, metavar="N", help="One order, with what did not arrive.")
@click.option("--failed", is_flag=True, help="Those that have failed.")
@click.option("--open", "open_", is_flag=True, help="Those that are under way.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="The newest so many.")
@click.option("--retry", type=int, default=None, metavar="N", help="Try again what this order could not send.")
@data_option
def sends(
    order_id: int | None,
    *,
    failed: bool,
    open_: bool,
    limit: int,
    retry: int | None,
    data: str | None,
    config: Path | None,
) -> None:
    """Show orders to send, the newest first: state, how many of how many, next try, last error. Times are Japan's."""
    with telling_errors(), Hub.opened(settings_of(data, config)) as hub:
        if retry is not None:
            hub.outgoing.retry(OPERATOR, retry)
            order_id = retry
        if order_id is not None:
            _show(hub, hub.outgoing.order(order_id))
            _show_items(hub, order_id)
            return
        states = [State.FAILED] if failed else []
        states += [State.WAITING, State.SENDING] if open_ else []
        found = hub.outgoing.orders(states=states, limit=limit)
        for order in found:
            _show(hub, order)
    if not found:
        click.echo("ありません / none")


def _show(hub: Hub, order: Order) -> None:
    words = _WORDS[order.state]
    counts = f"{order.sent} / {order.total} 件 / instances"
    if order.failed:
        counts += f", 失敗 {order.failed} / failed"
    click.echo(
        f"#{order.order_id} {_moment(order.created_at)} → {order.destination}: {words.ja} / {words.en}, {counts}, "
        f"{order.label}"
    )
    if order.state is State.WAITING and order.due_at is not None:
        click.echo(f"  次の試行 / next try: {_moment(order.due_at)} ({order.attempts} 回試行 / attempts)")
    if order.last_error:
        click.echo(f"  {order.last_error}")
    if order.commitment_id:
        proof = hub.commitments.one(order.commitment_id)
        good = sum(each.failure_reason == CONFIRMED for each in proof.references)
        told = f"{proof.state.value}, {good} / {len(proof.references)} 件を確認 / confirmed"
        click.echo(f"  保管の確認 / commitment: {told}")


def _show_items(hub: Hub, order_id: int) -> None:
    left = hub.outgoing.items(order_id, [State.WAITING, State.SENDING, State.FAILED])
    for item in left[:_SHOWN]:
        status = "" if item.status is None else f" {item.status:04X}"
        click.echo(
            f"  {item.sop_instance_uid}: {_WORDS[item.state].ja} / {_WORDS[item.state].en}{status} {item.reason}"
        )
    if len(left) > _SHOWN:
        click.echo(f"  … {len(left)}")


def _moment(at: datetime) -> str:
    return f"{at.astimezone(JST):%Y-%m-%d %H:%M:%S}"
