"""Playing the demo: the clinics send, the doctors ask, one old study is read already."""

from __future__ import annotations

import json
from datetime import date, timedelta

from rich.console import Console

from dokuei.demo import history, region
from dokuei.demo.sender import send
from dokuei.hub import Hub
from dokuei.progress import progress_bar
from shared_kernel.clock import JST
from shared_kernel.settings import Address
from test_data.catalogue import DEMO_STUDIES
from test_data.generate import generate, instance_count

_SECONDS_TO_ARRIVE = 120
_LATEST_STUDY = timedelta(hours=9)


def prepare(hub: Hub) -> None:
    """Register the region before anybody can connect."""
    region.found(hub)


def play(hub: Hub, dicom: Address, console: Console) -> None:
    """Send the demo's studies unless they are there; returns when every case can be worked on."""
    told = hub.settings.data / "demo.json"
    state = (
        json.loads(told.read_text()) if told.exists() else {"anchor": _newest_day(hub).isoformat(), "complete": False}
    )
    told.write_text(json.dumps(state))
    if state["complete"]:
        console.print("デモの検査は登録済みです。 / The demo's studies are here already.")
        return
    anchor = date.fromisoformat(str(state["anchor"]))
    ae_titles = {site.code: site.ae_title for site in region.SITES}
    total = sum(instance_count(study) for study in DEMO_STUDIES)
    with progress_bar(console) as progress:
        task = progress.add_task("送信中 / sending by C-STORE", total=total)
        for study in DEMO_STUDIES:
            send(
                (data for _, data in generate(study, anchor=anchor)),
                calling=ae_titles[study.site_code],
                called=hub.settings.ae_title,
                to=dicom,
                on_sent=lambda: progress.advance(task),
            )
    with console.status("検査の到着を待っています / waiting until the studies have arrived"):
        history.wait_for_cases(hub, len(DEMO_STUDIES), _SECONDS_TO_ARRIVE)
    history.write(hub, anchor)
    told.write_text(json.dumps(state | {"complete": True}))


def _newest_day(hub: Hub) -> date:
    """The day of the newest studies: today, unless it is too early for their times of the morning."""
    return (hub.clock.now().astimezone(JST) - _LATEST_STUDY).date()
