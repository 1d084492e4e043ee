"""What a data folder remembers of the demo: that it is one, its day, and whether everything has been played."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import func, select

from access_control.tables import PersonRow, SiteRow
from dokuei.office import Office
from shared_kernel.clock import JST
from shared_kernel.errors import Conflict, Text, Unavailable
from shared_kernel.settings import Settings

# The newest studies of the demo were made before nine in the morning.
_LATEST_STUDY = timedelta(hours=9)


class RealRegion(Conflict):
    """The data folder holds sites or people that are no demo; nothing was changed."""

    code = "real_region"
    message = Text(
        "このデータフォルダには実際の施設が登録されています。デモは始めません。",
        "This data folder holds a real region; the demo, with its printed passwords, is not put into it.",
    )
    next_step = Text("デモには別の --data を指定してください。", "Give the demo another --data.")


class DamagedState(Unavailable):
    """demo.json can't be read."""

    code = "damaged_demo"
    message = Text("demo.json を読めません。", "demo.json can't be read.")
    next_step = Text(
        "デモのデータフォルダを削除してやり直してください。", "Remove the demo's data folder and start again."
    )


@dataclass(frozen=True, slots=True)
class DemoState:
    """`anchor` is the day of the demo's newest studies, `complete` whether all has been played."""

    anchor: date
    complete: bool = False


def is_demo(settings: Settings) -> bool:
    """Whether this data folder holds the fictional region."""
    return _file(settings).exists()


def begin(office: Office) -> None:
    """Mark the data folder as a demo's, before anything fictional is put into it.

    Raises RealRegion if it is not one and somebody is registered there.
    """
    if is_demo(office.settings):
        return
    with office.database.read() as session:
        known = session.scalar(select(func.count()).select_from(SiteRow)) or 0
        known += session.scalar(select(func.count()).select_from(PersonRow)) or 0
    if known:
        raise RealRegion(data=str(office.settings.data))
    day = (office.clock.now().astimezone(JST) - _LATEST_STUDY).date()
    _write(office.settings, DemoState(day))


def load(settings: Settings) -> DemoState:
    """What was remembered. Raises DamagedState."""
    try:
        told = json.loads(_file(settings).read_text(encoding="utf-8"))
        return DemoState(date.fromisoformat(told["anchor"]), bool(told["complete"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedState(reason=str(error)) from error


def complete(settings: Settings) -> None:
    """Remember that everything has been played."""
    _write(settings, replace(load(settings), complete=True))


def _file(settings: Settings) -> Path:
    return settings.data / "demo.json"


def _write(settings: Settings, state: DemoState) -> None:
    """Replace the file as a whole: a crash leaves the old one or the new one."""
    new = settings.data / "demo.json.new"
    new.write_text(json.dumps(asdict(state) | {"anchor": state.anchor.isoformat()}), encoding="utf-8")
    new.replace(_file(settings))
