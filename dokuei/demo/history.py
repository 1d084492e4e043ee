"""What has happened in the fictional region before you look: doctors have asked, two studies are read."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from typing import NamedTuple

import structlog

from access_control.model import Actor
from access_control.people import person
from dokuei.hub import Hub
from reporting import wire as reports
from shared_kernel.errors import Conflict, NotFound
from test_data.catalogue import study_named
from worklist import wire as cases

_SECONDS_TO_DELIVER = 20

log = structlog.get_logger(__name__)


class Asked(NamedTuple):
    """検査目的 and 臨床情報 that a clinic's doctor has written."""

    study: str
    by: str
    reason: str
    clinical_history: str


class Read(NamedTuple):
    """A report that a radiologist has signed, and whether the clinic has acted on it."""

    study: str
    reader: str
    clinic: str
    findings: str
    impression: str
    note: str | None


READERS = ("chuo-dokuei", "kita-dokuei")
ASKED = (
    Asked("ct-chest-prior", "minato-isha", "健診胸部X線で右上肺野に結節影", "喫煙 20本/日×40年。自覚症状なし。"),
    Asked("ct-head", "minato-isha", "突然の頭痛。出血の有無", "高血圧で内服中。本日朝から頭痛、嘔気あり。"),
    Asked("dx-chest", "minato-isha", "発熱・咳嗽。肺炎の有無", "38.5℃、3日前から。SpO2 95%。"),
    Asked("cr-chest", "minato-isha", "健診", "症状なし。"),
    Asked("mr-head", "minato-isha", "めまい。脳血管障害の検索", "2週間前から回転性めまいを反復。"),
    Asked("mammography", "minato-isha", "左乳房腫瘤触知", "自己触診で気付いた。家族歴なし。"),
    Asked("yamane-cr-chest", "yamane-isha", "術前スクリーニング", "鼠径ヘルニア手術予定。"),
    Asked("shiomi-ct-head", "shiomi-isha", "転倒後の頭部打撲。頭蓋内出血の有無", "抗凝固薬内服中。"),
)
READ = (
    Read(
        "ct-chest-prior",
        "chuo-dokuei",
        "minato-isha",
        "右肺上葉に径5 mm大の充実性結節を認める。辺縁は比較的平滑。\n縦隔・肺門リンパ節の有意な腫大なし。\n胸水なし。",
        "右肺上葉の小結節。良悪性の判定は困難。\n12か月後のCTによる経過観察を推奨。",
        "1年後の胸部CTを予約した。",
    ),
    Read(
        "cr-chest",
        "chuo-dokuei2",
        "minato-isha",
        "心胸郭比は軽度拡大。肺野に浸潤影や結節影を認めない。\n肋骨横隔膜角は鋭。",
        "軽度の心拡大。肺野に異常を認めない。",
        None,
    ),
)


def wait_for_cases(hub: Hub, count: int, seconds: float, stopping: threading.Event) -> None:
    """Return when this many cases are 未読 or further, or `stopping` is set. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if sum(_arrived(hub, reader) for reader in READERS) >= count or stopping.wait(0.2):
            return
    raise TimeoutError(f"{count} studies have been sent, but not all have become cases")


def write(hub: Hub, anchor: date) -> None:
    """Play the past through the same services that people use; what was played before is left alone."""
    for asked in ASKED:
        with _signed_in(hub, asked.by) as doctor:
            case = _case(hub, doctor, study_named(asked.study).accession_number(anchor))
            if not case.reason and case.state != "read":
                change = cases.RequestChange(
                    reason=asked.reason, clinical_history=asked.clinical_history, version=case.request_version
                )
                hub.cases.change_request(doctor, case.id, change)
    for read in READ:
        with _signed_in(hub, read.reader) as reader:
            case = _case(hub, reader, study_named(read.study).accession_number(anchor))
            if case.state != "read":
                _read(hub, reader, case.id, read)
        if read.note is not None:
            with _signed_in(hub, read.clinic) as doctor:
                _act(hub, doctor, _case(hub, doctor, study_named(read.study).accession_number(anchor)), read.note)


def _read(hub: Hub, reader: Actor, case_id: str, read: Read) -> None:
    try:
        hub.cases.claim(reader, case_id)
        try:
            revision = hub.reports.of_case(reader, case_id).revision
        except NotFound:
            revision = 0
        text = reports.DraftChange(findings=read.findings, impression=read.impression, revision=revision)
        hub.reports.sign(reader, case_id, hub.reports.save_draft(reader, case_id, text).revision)
    except Conflict:
        # A visitor was faster and has the case; the story is theirs now.
        log.info("demo.case_taken", study=read.study)


def _act(hub: Hub, doctor: Actor, case: cases.Case, note: str) -> None:
    if case.report is None or case.report.state != "final":
        return
    _wait_until_delivered(hub, doctor, case.report.id)
    with suppress(Conflict):  # a visitor has acted on it with another note
        hub.reports.acknowledge(doctor, case.report.id)
        hub.reports.act(doctor, case.report.id, note)


@contextmanager
def _signed_in(hub: Hub, login: str) -> Iterator[Actor]:
    with hub.database.read() as session:
        yield person(session, login, session_id="demo")


def _arrived(hub: Hub, login: str) -> int:
    with _signed_in(hub, login) as reader:
        counts = hub.cases.page(reader, cases.CaseQuery(limit=1)).counts
    return counts.unread + counts.reading + counts.read


def _case(hub: Hub, actor: Actor, accession_number: str) -> cases.Case:
    page = hub.cases.page(actor, cases.CaseQuery(q=accession_number))
    if not page.cases:
        raise NotFound(accession_number=accession_number)
    return page.cases[0]


def _wait_until_delivered(hub: Hub, doctor: Actor, report_id: str) -> None:
    end = time.monotonic() + _SECONDS_TO_DELIVER
    while hub.reports.report(doctor, report_id).delivery is None:
        if time.monotonic() > end:
            raise TimeoutError(f"report {report_id} was signed, but did not reach the clinic")
        time.sleep(0.1)
