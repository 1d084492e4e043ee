"""The report as a page: HTML and CSS of our own around the text of others, all of it escaped."""

from __future__ import annotations

import html
from datetime import date, datetime

from reporting.forms.era import both
from reporting.signed import PatientPart, SignedReport, StudyPart
from shared_kernel.clock import JST
from shared_kernel.plain_text import cleaned

UNKNOWN = "―"
_SEX = {"M": "男性", "F": "女性", "O": "その他"}

# font-family stands in the page boxes too: they don't inherit it from the document.
_STYLE = r"""
@page {
  size: A4; margin: 16mm 18mm 20mm;
  @bottom-left { content: string(identity) "\A " string(version); font: 6.5pt/1.5 "Noto Sans CJK JP"; color: #5b6673;
    white-space: pre; width: 90% }
  @bottom-right { content: counter(page) " / " counter(pages); font: 8pt "Noto Sans CJK JP"; color: #5b6673;
    white-space: nowrap; width: 10% }
}
html { font: 10pt/1.65 "Noto Sans CJK JP"; color: #16202b }
body { margin: 0 }
header { string-set: identity attr(data-identity), version attr(data-version) }
header { border-bottom: 1.2pt solid #1f4e79; padding-bottom: 2.5mm; margin-bottom: 4mm; display: flex;
  justify-content: space-between; align-items: flex-end }
h1 { font-size: 17pt; letter-spacing: .12em; margin: 0; color: #1f4e79; font-weight: 700; line-height: 1.2 }
header div { font-size: 9pt; text-align: right; line-height: 1.45 }
table { width: 100%; border-collapse: collapse; margin-bottom: 4mm; font-size: 9pt; table-layout: fixed }
col.label { width: 21mm }
th { text-align: left; font-weight: 500; color: #42566b; background: #f1f5f9; padding: 1.1mm 2mm; vertical-align: top;
  border: .4pt solid #cbd5e1 }
td { padding: 1.1mm 2mm; vertical-align: top; border: .4pt solid #cbd5e1; overflow-wrap: anywhere;
  white-space: pre-wrap }
h2 { font-size: 10.5pt; margin: 4mm 0 1.2mm; color: #1f4e79; border-left: 2.4pt solid #1f4e79; padding-left: 2mm;
  line-height: 1.3; break-after: avoid; font-weight: 700 }
.text { white-space: pre-wrap; overflow-wrap: anywhere; orphans: 2; widows: 2 }
.impression { border: .8pt solid #1f4e79; padding: 2mm 3mm; background: #f8fafc; box-decoration-break: clone }
.signature { margin-top: 6mm; margin-bottom: 0; break-inside: avoid }
.big { font-size: 12.5pt; font-weight: 700; line-height: 1.35 }
"""


def page(report: SignedReport, content_sha256: str) -> str:
    """A signed version as an HTML document that needs nothing from outside."""
    study, patient = report.study, report.patient
    name = patient.ideographic or patient.alphabetic or UNKNOWN
    readings = "　".join(part for part in (patient.phonetic, patient.alphabetic) if part and part != name)
    signed_at = moment(report.signed_at)
    identity = f"{name}　患者ID {patient.id}　確定 {signed_at}"
    version = f"レポート {report.report_id}　第{report.version}版　SHA-256 {content_sha256}"
    asked = f"{report.site.name}　{study.referring_physician}" if study.referring_physician else report.site.name
    reader = f"{report.signed_by.name}（{report.reading_site.name}）"
    rows = [
        ("患者ID", patient.id, "生年月日", _birth(patient, study.date)),
        ("性別", _SEX.get(patient.sex, UNKNOWN), "受付番号", study.accession_number),
        ("検査", _examination(study), "検査日時", _examined(study)),
        ("依頼元", asked, "検査UID", study.study_uid),
    ]
    return f"""<!doctype html>
<html lang="ja"><head><meta charset="utf-8">
<title>読影レポート {_text(name)} {_text(study.description)}</title>
<meta name="author" content="{_text(report.signed_by.name)}">
<meta name="dcterms.created" content="{report.signed_at.isoformat(timespec="seconds")}">
<style>{_STYLE}</style></head><body>
<header data-identity="{_text(identity)}" data-version="{_text(version)}">
<h1>読影レポート</h1><div>{_text(report.site.name)} 御中<br>{_text(report.reading_site.name)}</div></header>
<table><col class="label"><col><col class="label"><col>
<tr><th>患者</th><td colspan="3"><span class="big">{_text(name)}</span>　{_text(readings)}</td></tr>
{"".join(_row(*row) for row in rows)}
</table>
{_section("検査目的", report.reason)}
{_section("臨床情報", report.clinical_history)}
{_section("所見", report.findings)}
{_section("診断", report.impression, "text impression")}
<table class="signature"><col class="label"><col><col class="label"><col>
{_row("読影医", reader, "確定日時", signed_at)}
</table>
</body></html>"""


def moment(at: datetime) -> str:
    """A time in Japan, with the era beside the western year."""
    local = at.astimezone(JST)
    return f"{both(local.date())} {local:%H:%M} JST"


def _examination(study: StudyPart) -> str:
    return "　".join(part for part in ("・".join(study.modalities), study.body_part, study.description) if part)


def _examined(study: StudyPart) -> str:
    if study.date is None:
        return ""
    return both(study.date) + (f" {study.time:%H:%M}" if study.time else "")


def _birth(patient: PatientPart, examined: date | None) -> str:
    born = patient.birth_date
    if born is None:
        return ""
    if examined is None or examined < born:
        return both(born)
    age = examined.year - born.year - ((examined.month, examined.day) < (born.month, born.day))
    return f"{both(born)}　{age}歳"


def _row(first: str, one: str, second: str, other: str) -> str:
    return f"<tr>{_cell(first, one)}{_cell(second, other)}</tr>"


def _cell(label: str, value: str) -> str:
    return f"<th>{label}</th><td>{_text(value) or UNKNOWN}</td>"


def _section(title: str, text: str, kind: str = "text") -> str:
    return f'<h2>{title}</h2><div class="{kind}">{_text(text) or UNKNOWN}</div>'


def _text(value: str) -> str:
    # Names come from DICOM headers and may hold what people can't type; all of it stays text.
    return html.escape(cleaned(value), quote=True)
