"""The browser application's built files, and its one page for every address that is its own."""

from __future__ import annotations

import gzip
import mimetypes
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from shared_kernel.errors import NotFound

BUILD = Path(__file__).parent.parent.parent / "viewer_static" / "dist"
_COMPRESSED = {
    "application/javascript",
    "application/json",
    "application/wasm",
    "image/svg+xml",
    "text/css",
    "text/html",
    "text/javascript",
}
_YEAR = "public, max-age=31536000, immutable"

_NOT_BUILT = """<!doctype html><html lang="ja"><meta charset="utf-8"><title>dokuei</title>
<h1>画面がまだ作られていません</h1><p>The browser application is not built: run <code>make install</code>.</p>"""


@dataclass(frozen=True, slots=True)
class _Built:
    body: bytes
    zipped: bytes | None
    media_type: str


class BrowserApplication:
    """Serves files of the build by name, and `index.html` for everything else.

    The files are few and small and are kept in memory, compressed once.
    """

    def __init__(self, folder: Path = BUILD) -> None:
        self._folder = folder.resolve()
        self._built = lru_cache(maxsize=512)(self._read)

    @property
    def is_built(self) -> bool:
        """Whether there is a build to serve."""
        return (self._folder / "index.html").is_file()

    def __call__(self, request: Request) -> Response:
        """The file of this name, or the application's page."""
        name = request.scope["path"].lstrip("/")
        path = self._file(name)
        if path is not None:
            forever = name.startswith("assets/")  # names there carry a hash of their content
            return self._answer(request, path, _YEAR if forever else "no-cache")
        if name.startswith("assets/"):
            raise NotFound(path=request.scope["path"])
        if not self.is_built:
            return HTMLResponse(_NOT_BUILT, status_code=503)
        return self._answer(request, self._folder / "index.html", "no-cache")

    def _file(self, name: str) -> Path | None:
        """The built file of this name; None for what is none, or could be the name of none."""
        try:
            path = (self._folder / name).resolve()
            return path if name and path.is_relative_to(self._folder) and path.is_file() else None
        except (ValueError, OSError):  # a NUL, a name longer than the file system takes
            return None

    def _answer(self, request: Request, path: Path, cache: str) -> Response:
        built = self._built(path, path.stat().st_mtime_ns)
        headers = {"Cache-Control": cache, "Vary": "Accept-Encoding"}
        body = built.body
        if built.zipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = built.zipped
        return Response(body, media_type=built.media_type, headers=headers)

    @staticmethod
    def _read(path: Path, _changed: int) -> _Built:
        body = path.read_bytes()
        media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        zipped = gzip.compress(body, 6) if media_type in _COMPRESSED else None
        return _Built(body, zipped, media_type)
