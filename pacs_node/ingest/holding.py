"""Having the landing log: from the start on, or as soon as another process or a full disk lets this one have it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from pacs_node.archive.files import FileStore
from pacs_node.archive.landing import LandingLog
from pacs_node.errors import StorageFull
from pacs_node.ingest.recovery import Recovery
from pacs_node.ingest.work import Incoming, Stored
from shared_kernel.database import Database

_PATIENCE_SECONDS = 3.0
_AGAIN_SECONDS = 5.0
_LONGEST_TAKING_UP_SECONDS = 60.0

log = structlog.get_logger(__name__)


class Holding:
    """A process's hold on the log of its data folder."""

    def __init__(
        self,
        files: FileStore,
        database: Database,
        store: Callable[[Incoming], Stored],
        land: Callable[[LandingLog | None], None],
    ) -> None:
        """`store` and `land` are those of the IngestService and its Writer."""
        self._files = files
        self._database = database
        self._store = store
        self._land = land
        self._landing: LandingLog | None = None
        self._trying: threading.Thread | None = None
        self._over = threading.Event()
        self.waits_for_space = False
        """Whether something stands in the log that a full disk keeps there: nothing may be taken in before it."""

    def take_up(self, *, keeps: bool) -> bool:
        """Take up what is in the log, and have it from then on if this process `keeps` it.

        Returns whether nothing waits in it for which a sweep would come too early. Raises what keeps it from being
        taken up; of who keeps the log not StorageFull: `begin` tries again, and all else of a hub runs.
        """
        self._over.clear()
        try:
            landing = self._taken_up(_PATIENCE_SECONDS if keeps else 0.0)
        except StorageFull:
            if not keeps:
                raise
            log.exception("archive.landing_log_waits_for_space", told="no instance is taken in until there is space")
            self.waits_for_space = True
            return False
        if landing is None:
            told = "each file is synced by itself until it lets go" if keeps else "it is the server's"
            (log.warning if keeps else log.info)(
                "archive.landing_log_taken", reason="another process has it", told=told
            )
        elif keeps:
            self._landing = landing
        else:
            landing.leave()
        return True

    def begin(self) -> None:
        """Let small files land; where the log can't be had yet, as soon as it can."""
        if self._landing is not None:
            self._landing.begin()
            self._land(self._landing)
            return
        self._trying = threading.Thread(target=self._try, name="landing-log-later", daemon=True)
        self._trying.start()

    def stop_trying(self) -> None:
        """No longer look whether the log can be had; before the writer stops."""
        self._over.set()
        trying, self._trying = self._trying, None
        if trying is not None:
            trying.join(_LONGEST_TAKING_UP_SECONDS)

    def leave(self) -> None:
        """Let another process have the log; when the writer has stopped."""
        self._land(None)
        landing, self._landing = self._landing, None
        if landing is not None:
            landing.leave()

    def _taken_up(self, patience: float) -> LandingLog | None:
        """The log, with nothing in it; None where another process has it for so many seconds."""
        landing = LandingLog(self._files, self._database)
        if not landing.take(patience):
            return None
        try:
            Recovery(self._files, self._database, self._store).run(landing)
        except BaseException:
            landing.leave()
            raise
        return landing

    def _try(self) -> None:
        while not self._over.wait(_AGAIN_SECONDS):
            try:
                landing = self._taken_up(0.0)
            except StorageFull:
                continue
            except Exception as error:
                log.warning("archive.landing_log_not_taken_up", reason=repr(error))
                continue
            if landing is not None:
                self._landing = landing
                landing.begin()
                self._land(landing)
                self.waits_for_space = False
                log.info("archive.landing_log_had", told="small files land there from now on")
                return
