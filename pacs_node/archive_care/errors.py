"""Why the archive can't be looked after.

Unavailable
└── NotReadable         files may not be read by this user

A storage root that is not there is `pacs_node.errors.RootAway`.
"""

from __future__ import annotations

from shared_kernel.errors import Text, Unavailable


class NotReadable(Unavailable):
    """This user may not read the file at `path`: that says nothing of the file, so nothing is written down."""

    code = "archive_not_readable"
    message = Text("保存ファイルを読み取る権限がありません。", "The archive's files may not be read by this user.")
    next_step = Text("サーバーと同じユーザーで実行してください。", "Run this as the user that the server runs as.")
