"""TLS of the associations that the hub opens, by its settings."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from pacs_node.scp.tls import requestor_context
from pacs_node.upper_layer.errors import ConnectionLost
from shared_kernel.settings import Settings


def outgoing_tls(settings: Settings) -> Callable[[], ssl.SSLContext]:
    """Makes a context anew for each association, so that new certificate files count at once.

    One that can't be made (a file is gone) is a connection that can't be opened: who sends tries again later.
    """

    def context() -> ssl.SSLContext:
        try:
            return requestor_context(settings)
        except (OSError, ValueError) as error:
            raise ConnectionLost(f"our own TLS settings can't be used: {error}") from error

    return context
