"""Text that people write into the hub: kept as they wrote it, less what no screen and no form can carry."""

from __future__ import annotations

import re

# C0 controls but tab and newline, DEL, and C1: a NUL ends strings in C programs, ESC switches
# character sets in ISO 2022, XML 1.0 can't carry most of them. None has a meaning in prose.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def cleaned(text: str) -> str:
    """The text with newlines as LF and without control characters other than LF and TAB.

    Nothing else is touched: no trimming, no normalisation, no escaping; 髙 stays 髙, and `<script>`,
    right-to-left and non-BMP characters stay text.
    """
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
