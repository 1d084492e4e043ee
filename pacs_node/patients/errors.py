"""What can go wrong when somebody says who a patient is.

Conflict
├── AlreadyResolved        somebody has answered this question
├── StillContradicts       the corrected data name a patient who is known otherwise
├── LaterDecision          another decision builds on the one to be taken back
├── NoHumanDecision        the hub has read the study anew; nobody has decided that
├── MergeRefused           the two are one already, or one of them hangs below another
└── NotMergedPatient       the patient is merged with nobody
InvalidInput
├── ReasonMissing          a decision without its reason
└── NothingToSeparate      the study has no PatientID that somebody else could have
"""

from __future__ import annotations

from shared_kernel.errors import Conflict, InvalidInput, Text


class AlreadyResolved(Conflict):
    """The question was answered meanwhile; `decision` in the details says how."""

    code = "patient_question_resolved"
    message = Text("この確認はすでに済んでいます。", "This question has been answered already.")
    next_step = Text("一覧を更新して、履歴を確認してください。", "Load the list again and look at the history.")


class StillContradicts(Conflict):
    """Another patient is known under the id that was entered; `differs` says in what."""

    code = "patient_still_contradicts"
    message = Text(
        "入力した患者IDは、別の氏名・生年月日・性別で登録されています。",
        "The patient ID that was entered is known with another name, birth date or sex.",
    )
    next_step = Text(
        "カルテで患者IDを確認してください。同じ患者であれば「同一患者」を選んでください。",
        "Check the ID in the chart. If it is the same person, choose “same person”.",
    )


class LaterDecision(Conflict):
    """The study or patient has been decided about again since; `latest` is the number of that decision."""

    code = "later_patient_decision"
    message = Text("この判断のあとに別の変更があります。", "Something else was changed after this decision.")
    next_step = Text("新しい方の判断から順に取り消してください。", "Take back the newest decision first.")


class NoHumanDecision(Conflict):
    """The hub has read the texts of the study anew; there is no decision to take back."""

    code = "no_human_decision"
    message = Text("読み直しによる変更は取り消せません。", "What came of reading the images anew can't be taken back.")
    next_step = Text(
        "患者が違うときは「訂正」または「別の患者」を選んでください。送信元の設定の誤りは管理者に連絡してください。",
        "If the patient is wrong, correct or separate the study. If the sender's settings are, tell the operator.",
    )


class MergeRefused(Conflict):
    """They are one person already, or the patient is merged with somebody."""

    code = "patient_merge_refused"
    message = Text("この二人は統合できません。", "These two patients can't be merged.")
    next_step = Text(
        "すでに統合されていないか、履歴を確認してください。", "See in the history whether one is merged already."
    )


class NotMergedPatient(Conflict):
    """The patient is merged with nobody."""

    code = "patient_not_merged"
    message = Text("この患者は統合されていません。", "This patient is not merged with anybody.")
    next_step = Text("履歴を確認してください。", "Look at the history.")


class ReasonMissing(InvalidInput):
    """Nobody can check later a decision that has no reason."""

    code = "reason_missing"
    message = Text("理由を入力してください。", "Give a reason.")
    next_step = Text("カルテのどこで確認したかなどを書いてください。", "Say, for example, where you have checked it.")


class NothingToSeparate(InvalidInput):
    """The study has no PatientID, so that it shares nobody's."""

    code = "nothing_to_separate"
    message = Text("患者IDのない検査は分離できません。", "A study without a patient ID can't be separated.")
    next_step = Text("「訂正」で患者IDを入力してください。", "Enter the patient ID by a correction.")
