"""What can go wrong with a report.

Conflict
├── StaleDraft            the draft was saved by somebody else, or in another window, meanwhile
├── IdentityConflict      the study's images name different patients
├── StudyHasGrown         images came that the signer has not seen
├── ImagesReplaced        another version of an image came that the signer has not seen
├── AlreadySigned         signed reports don't change
├── NotDelivered          signed, but not at the clinic yet
├── NotAcknowledged       対応済 wants 確認した first
└── AlreadyActedOn        対応済 was said before, with another note
InvalidInput
└── EmptyReport           neither 所見 nor 診断
Forbidden
└── NotTheReader          only the radiologist who holds the case writes
NotFound
└── NoReport              the case has no report that the caller may know of
Unavailable
└── SignedVersionDamaged  the stored text is not what was signed
"""

from __future__ import annotations

from shared_kernel.errors import Conflict, Forbidden, InvalidInput, NotFound, Text, Unavailable


class StaleDraft(Conflict):
    """The draft was saved after the caller had read it; `current` in the details is the report now, or null."""

    code = "stale_draft"
    message = Text(
        "この下書きは別の画面または他の人が先に保存しました。",
        "This draft was saved in another window or by somebody else meanwhile.",
    )
    next_step = Text(
        "最新の下書きと見比べて、残す内容をもう一度保存してください。",
        "Compare with the current draft and save what should stay.",
    )


class AlreadySigned(Conflict):
    """The report is signed; `current` in the details is the signed report."""

    code = "already_signed"
    message = Text("このレポートはすでに確定されています。", "This report has already been signed.")
    next_step = Text("確定した内容を確認してください。", "Look at the signed report.")


class IdentityConflict(Conflict):
    """Images of the study name different patients, so that nobody knows whose report it would be."""

    code = "identity_conflict"
    message = Text(
        "患者情報が食い違う画像が含まれているため、確定できません。",
        "The study holds images that name different patients; its report can't be signed.",
    )
    next_step = Text(
        "どの患者の検査か、診療所または事務局に確認してください。下書きは保存されています。",
        "Ask the clinic or the secretariat which patient it is. Your draft is kept.",
    )


class StudyHasGrown(Conflict):
    """More images are there than the signer has seen; `seen` and `instance_count` in the details count both."""

    code = "study_grew"
    message = Text("この検査に新しい画像が追加されました。", "Images were added to the study meanwhile.")
    next_step = Text(
        "追加された画像を確認してから、もう一度確定してください。",
        "Look at the images that were added, then sign again.",
    )


class ImagesReplaced(Conflict):
    """Images are no longer those that the signer has seen; `seen` and `versions_replaced` in the details count both."""

    code = "images_replaced"
    message = Text(
        "この検査の画像が、表示した後に新しい版に差し替えられました。",
        "Images of the study were replaced by a new version after they had been shown.",
    )
    next_step = Text(
        "画面を開き直して新しい画像を確認してから、もう一度確定してください。下書きは保存されています。",
        "Open the case anew and look at the new images, then sign again. Your draft is kept.",
    )


class NotDelivered(Conflict):
    """The report is signed and on its way; delivery takes seconds."""

    code = "not_delivered"
    message = Text("このレポートはまだ配信中です。", "This report is still being delivered.")
    next_step = Text("数秒後にもう一度お試しください。", "Try again in a few seconds.")


class NotAcknowledged(Conflict):
    """A report is acted on after somebody has acknowledged it, not before."""

    code = "not_acknowledged"
    message = Text("このレポートはまだ確認されていません。", "This report has not been acknowledged yet.")
    next_step = Text("先に「確認した」を押してください。", "Acknowledge it first.")


class AlreadyActedOn(Conflict):
    """対応済 was said before with another note, which is kept; `current` in the details is the report."""

    code = "already_acted_on"
    message = Text("このレポートはすでに対応済です。", "This report has already been acted on.")
    next_step = Text("記録された対応内容を確認してください。", "Look at the note that was recorded.")


class EmptyReport(InvalidInput):
    """Neither 所見 nor 診断 holds anything but white space."""

    code = "empty_report"
    http_status = 422
    message = Text("所見も診断も入力されていません。", "The report has neither findings nor an impression.")
    next_step = Text("所見または診断を入力してから確定してください。", "Write findings or an impression, then sign.")


class TooManyLines(InvalidInput):
    """The text has more lines than a report is printed with; `limit_lines` in the details says how many."""

    code = "too_many_lines"
    http_status = 422
    message = Text("行数が多すぎます。", "The text has too many lines.")
    next_step = Text("空行を減らしてから保存してください。", "Take out empty lines, then save again.")


class NotTheReader(Forbidden):
    """Somebody else, or nobody, holds the case; `reader` in the details says who, or null."""

    code = "not_the_reader"
    message = Text("この症例の担当読影医ではありません。", "You are not the reader of this case.")
    next_step = Text(
        "症例を「読む」で担当してから入力してください。他の読影医が読影中の場合は担当者に確認してください。",
        "Claim the case first; if somebody else reads it, ask them.",
    )


class NoReport(NotFound):
    """There is no report of this case that the caller may know of; a draft is its reader's own."""

    code = "no_report"
    message = Text("確定したレポートはまだありません。", "There is no report yet.")
    next_step = Text("読影が終わるまでお待ちください。", "Wait until the case has been read.")


class SignedVersionDamaged(Unavailable):
    """The stored text does not have the hash that was signed; it is not shown as if it were."""

    code = "signed_version_damaged"
    message = Text(
        "保存されたレポートが署名時の内容と一致しません。",
        "The stored report is not what was signed.",
    )
    next_step = Text(
        "このレポートは使わず、事務局に要求番号をお知らせください。",
        "Do not use this report; tell the secretariat the request number.",
    )
