"""The report as PDF."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any

from reporting.forms.page import page
from reporting.signed import SignedReport

_KEPT = 32
# WeasyPrint and Pango share fonts between threads without saying that they may.
_ONE_AT_A_TIME = threading.RLock()


def pdf(report: SignedReport, content_sha256: str) -> bytes:
    """A signed version as PDF, A4; the same bytes for the same version on the same installation."""
    # The cache is asked inside the lock: whoever waits for the same report finds it made.
    with _ONE_AT_A_TIME:
        return _made(report, content_sha256)


@lru_cache(maxsize=_KEPT)
def _made(report: SignedReport, content_sha256: str) -> bytes:
    return render(page(report, content_sha256))


def render(document: str) -> bytes:
    """An HTML document as PDF. Raises an error rather than fetch anything from network or disk."""
    # Here, not above: it loads Pango, which a hub that prints nothing can do without.
    import weasyprint  # noqa: PLC0415
    from weasyprint.urls import FatalURLFetchingError, URLFetcher  # noqa: PLC0415

    class NothingFromOutside(URLFetcher):  # type: ignore[misc] # the library ships no types
        def fetch(self, url: str, headers: Any = None) -> Any:
            raise FatalURLFetchingError(f"a report fetches nothing, not {url[:80]!r}")

    with _ONE_AT_A_TIME:
        rendered: bytes = weasyprint.HTML(string=document, url_fetcher=NothingFromOutside()).write_pdf()
    return rendered
