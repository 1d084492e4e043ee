"""How the command line names questions about patients and what was decided."""

from __future__ import annotations

from collections.abc import Mapping

from pacs_node.patients.model import QuestionState, Trait
from shared_kernel.errors import Text

TRAITS: Mapping[Trait, Text] = {
    Trait.PATIENT_ID: Text("患者ID", "patient id"),
    Trait.NAME: Text("氏名", "name"),
    Trait.BIRTH_DATE: Text("生年月日", "birth date"),
    Trait.SEX: Text("性別", "sex"),
}
SEVERAL = Text("同じ患者IDの患者が複数います", "several have this id")
ABOUT: Mapping[str, Text] = {
    "patient": Text("登録との相違", "against the patient who is known"),
    "images": Text("検査内の相違", "images of one study"),
}
STATES: Mapping[QuestionState, Text] = {
    QuestionState.OPEN: Text("要確認", "open"),
    QuestionState.RESOLVED: Text("確認済", "resolved"),
}
KINDS: Mapping[str, Text] = {
    "match": Text("同一患者", "match"),
    "correct": Text("訂正", "correct"),
    "separate": Text("別の患者", "separate"),
    "reopen": Text("取消", "reopen"),
    "merge": Text("統合", "merge"),
    "unmerge": Text("統合の取消", "unmerge"),
    "reread": Text("文字の読み直し", "reread"),
}
