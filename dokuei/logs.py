"""Log lines: to standard error, one JSON object each, or readable ones on a terminal.

Our own lines, those of libraries and Python's warnings go the same way out and look alike.
"""

from __future__ import annotations

import logging
import sys

import structlog

_OURS = "dokuei"


def configure(level: str) -> None:
    """Set up structlog and the standard library's loggers for this process; the last call counts.

    Libraries are heard from WARNING on, or from `level` if that is higher.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    named: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    shown: list[structlog.typing.Processor] = [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(ensure_ascii=False, default=repr),
    ]
    if sys.stderr.isatty():
        shown = [structlog.dev.ConsoleRenderer()]
    handler = _StandardError()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*named, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *shown],
        )
    )
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)
    logging.captureWarnings(True)
    logging.getLogger(_OURS).setLevel(number)
    for too_talkative in ("weasyprint", "fontTools"):
        logging.getLogger(too_talkative).setLevel(logging.ERROR)
    structlog.configure(
        processors=[*named, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: logging.getLogger(_OURS),
        cache_logger_on_first_use=False,  # so that loggers already in use follow a second call
    )


class _StandardError(logging.Handler):
    """Writes to what standard error is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, in one piece."""
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:
            self.handleError(record)
