"""Playing the demo: the clinics send, the doctors ask, two studies are read already."""

from __future__ import annotations

import threading

from rich.console import Console

from dokuei.demo import history, region, state
from dokuei.demo.sender import send
from dokuei.hub import Hub
from dokuei.progress import progress_bar
from shared_kernel.settings import Address
from test_data.catalogue import DEMO_STUDIES
from test_data.generate import generate, instance_count

_SECONDS_TO_ARRIVE = 120


def prepare(hub: Hub) -> None:
    """Register the region before anybody can connect. Raises RealRegion for a folder that is no demo's."""
    state.begin(hub)
    region.found(hub)


def play(hub: Hub, dicom: Address, console: Console, stopping: threading.Event) -> None:
    """Send the demo's studies unless they are there; returns when every case can be worked on.

    Ends early, and quietly, when `stopping` is set; the next start goes on.
    """
    remembered = state.load(hub.settings)
    if remembered.complete:
        console.print("デモの検査は登録済みです。 / The demo's studies are here already.")
        return
    ae_titles = {site.code: site.ae_title for site in region.SITES}
    total = sum(instance_count(study) for study in DEMO_STUDIES)
    with progress_bar(console) as progress:
        task = progress.add_task("送信中 / sending by C-STORE", total=total)
        for study in DEMO_STUDIES:
            send(
                (data for _, data in generate(study, anchor=remembered.anchor)),
                calling=ae_titles[study.site_code],
                called=hub.settings.ae_title,
                to=dicom,
                on_sent=lambda: progress.advance(task),
                stopping=stopping,
            )
    with console.status("検査の到着を待っています / waiting until the studies have arrived"):
        history.wait_for_cases(hub, len(DEMO_STUDIES), _SECONDS_TO_ARRIVE, stopping)
    if not stopping.is_set():
        history.write(hub, remembered.anchor)
        state.complete(hub.settings)
