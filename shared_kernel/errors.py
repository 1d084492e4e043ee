"""The tree of errors that people and programs meet.

DokueiError
├── InvalidInput (ValueError)        400 / 422: the request itself is wrong
├── NotSignedIn (PermissionError)    401: nobody is known behind the request
├── Forbidden (PermissionError)      403: known, but may not do this
├── NotFound (LookupError)           404: not there, or not theirs to know of
├── Conflict                         409: true when it was read, no longer true now
├── TooLarge (ValueError)            413: over a limit that is named
├── TooMany                          429: too often, wait
└── Unavailable (OSError)            503: ours to mend (full disk, locked database)

Each class carries a code, a sentence in Japanese and in English, and what to do next; they meet the
wire in one place (`access_control.web.errors`). Rooms subclass these in their own `errors.py`.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple


class Text(NamedTuple):
    """One sentence in both languages of the product."""

    ja: str
    en: str


class DokueiError(Exception):
    """Base of every error that is somebody's to read; an unexpected exception is never one of these."""

    code: ClassVar[str] = "internal_error"
    http_status: ClassVar[int] = 500
    message: ClassVar[Text] = Text("システム内部でエラーが発生しました。", "Something went wrong inside the system.")
    next_step: ClassVar[Text] = Text(
        "もう一度お試しください。続く場合は事務局に時刻と要求番号をお知らせください。",
        "Try again; if it goes on, tell the secretariat the time and the request number.",
    )

    def __init__(self, **details: object) -> None:
        self.details = details
        super().__init__(self.message.en)

    def __str__(self) -> str:
        told = ", ".join(f"{key}={value}" for key, value in self.details.items())
        return f"{self.message.en} ({told})" if told else self.message.en


class InvalidInput(DokueiError, ValueError):
    """The request can't be understood; sending it again unchanged will fail again."""

    code = "invalid_input"
    http_status = 400
    message = Text("入力内容に誤りがあります。", "The request is not valid.")
    next_step = Text(
        "示された項目を直して、もう一度送ってください。", "Correct the field that is named and send again."
    )


class NotSignedIn(DokueiError, PermissionError):
    """No valid session cookie or bearer token came with the request."""

    code = "not_signed_in"
    http_status = 401
    message = Text("ログインしていません。", "You are not signed in.")
    next_step = Text("ログインしてください。", "Sign in.")


class Forbidden(DokueiError, PermissionError):
    """The person is known, sees the thing, but their role may not do this to it."""

    code = "forbidden"
    http_status = 403
    message = Text("この操作を行う権限がありません。", "You may not do this.")
    next_step = Text(
        "必要な場合は事務局に役割の変更を依頼してください。",
        "Ask the secretariat if your role should allow it.",
    )


class NotFound(DokueiError, LookupError):
    """Not there, or at a site whose things the person must not even know of."""

    code = "not_found"
    http_status = 404
    message = Text("見つかりません。", "Not found.")
    next_step = Text("一覧から選び直してください。", "Choose again from the list.")


class Conflict(DokueiError):
    """Somebody or something was faster; the caller reads the current state and decides again."""

    code = "conflict"
    http_status = 409
    message = Text("他の操作と競合しました。", "This conflicts with another change.")
    next_step = Text("最新の内容を確認してください。", "Look at the current state first.")


class TooLarge(DokueiError, ValueError):
    """Over a limit; `limit_bytes` in the details says which."""

    code = "too_large"
    http_status = 413
    message = Text("データが大きすぎます。", "The body is too large.")
    next_step = Text("上限以下に分けて送ってください。", "Send it in parts below the limit.")


class TooMany(DokueiError):
    """Too many tries in a short time; `retry_after_seconds` in the details says how long to wait."""

    code = "too_many_attempts"
    http_status = 429
    message = Text("試行回数が多すぎます。", "Too many attempts.")
    next_step = Text("しばらく待ってからお試しください。", "Wait a while and try again.")


class Unavailable(DokueiError, OSError):
    """The hub can't take the work now and has kept nothing of it; the caller sends again later."""

    code = "unavailable"
    http_status = 503
    message = Text("現在処理できません。", "This can't be done right now.")
    next_step = Text("しばらくしてからもう一度送ってください。", "Send again later.")
