"""What can be wrong with sites, people, contracts and log-ins."""

from __future__ import annotations

from shared_kernel.errors import Conflict, Forbidden, InvalidInput, NotFound, NotSignedIn, Text, TooMany


class WrongPassword(NotSignedIn):
    """The log-in name or the password is wrong; which of them is not said."""

    code = "wrong_password"
    message = Text("ログイン名またはパスワードが違います。", "The log-in name or the password is wrong.")
    next_step = Text(
        "入力を確かめてください。忘れた場合は事務局にご連絡ください。",
        "Check both; if you have forgotten them, ask the secretariat.",
    )


class TooManyLogins(TooMany):
    """Too many wrong passwords for one name or from one place; `retry_after_seconds` says how long to wait."""

    message = Text(
        "ログインの失敗が続いたため、一時的に停止しています。", "Too many failed log-ins; paused for a while."
    )


class ForeignOrigin(Forbidden):
    """A page of another origin tried to use this browser's session (CSRF)."""

    code = "foreign_origin"
    message = Text("別のサイトからの要求は受け付けません。", "Requests from another origin are refused.")
    next_step = Text("この画面を開き直してください。", "Open this application's own page again.")


class AlreadyThere(Conflict):
    """A site, person, contract or AE title of this name exists."""

    code = "already_there"
    message = Text("同じものが既に登録されています。", "This is registered already.")
    next_step = Text(
        "別の名前を使うか、既存の登録を確認してください。", "Use another name, or look at the existing one."
    )


class NoSuchSite(NotFound):
    """No site has this code."""

    code = "no_such_site"
    message = Text("施設コードが登録されていません。", "No site has this code.")
    next_step = Text(
        "dokuei site add CODE NAME --ae-title AET で登録してください。",
        "Register it: dokuei site add CODE NAME --ae-title AET.",
    )


class NoSuchPerson(NotFound):
    """No person has this log-in name."""

    code = "no_such_person"
    message = Text("ログイン名が登録されていません。", "No person has this log-in name.")
    next_step = Text("dokuei person add で登録してください。", "Register them: dokuei person add.")


class BadName(InvalidInput):
    """A code, log-in name or name has the wrong form; `field` and `rule` in the details say which and why."""

    code = "bad_name"


class WeakPassword(InvalidInput):
    """The password is too short; `minimum` in the details says how long it must be."""

    code = "weak_password"
    message = Text("パスワードが短すぎます。", "The password is too short.")
    next_step = Text("8文字以上にしてください。", "Use 8 characters or more.")
