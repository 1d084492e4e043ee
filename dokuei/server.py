"""Running a hub: everything in one process, until it is told to stop."""

from __future__ import annotations

import fcntl
import gc
import json
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import structlog
import uvicorn

from dokuei.allocator import keep_few_arenas
from dokuei.hub import Hub
from dokuei.web.hub_app import application
from dokuei.web.protocol import OneWrite
from shared_kernel.clock import JST
from shared_kernel.errors import DokueiError, Text
from shared_kernel.settings import Address, Settings
from worklist.clinical_days import make_ready

_SECONDS_TO_FINISH = 5
_SECONDS_IDLE = 75  # longer than proxies keep their connections to us, so that they never send into one that is closing
_LOCK = "server.lock"

log = structlog.get_logger(__name__)


class AlreadyServed(DokueiError):
    """Another server has this data folder; raised before anything is touched."""

    code = "already_served"
    message = Text("このデータフォルダは別の dokuei が使用中です。", "Another dokuei serves this data folder.")
    next_step = Text(
        "先に動いている方を止めるか、別の --data を指定してください。", "Stop that one first, or give another --data."
    )


class AddressTaken(DokueiError):
    """A port is taken or may not be used; `address` and `reason` in the details say which and why."""

    code = "address_taken"
    message = Text("待ち受けアドレスを使えません。", "Can't listen on this address.")
    next_step = Text("別のポートを --http / --dicom で指定してください。", "Give another port with --http or --dicom.")


class _Server(uvicorn.Server):
    """uvicorn, which says when it is ready."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._on_ready()


OnReady = Callable[[Hub, Address, Address], Callable[[], None]]
"""Gets the hub and the HTTP and DICOM addresses that were bound; returns what to call first when it ends."""


def serve(settings: Settings, on_ready: OnReady, prepare: Callable[[Hub], None] | None = None) -> None:
    """Serve until SIGINT or SIGTERM; `prepare` is called before anybody can connect.

    Raises AlreadyServed, AddressTaken.
    """
    keep_few_arenas()
    before = {each: signal.signal(each, signal.default_int_handler) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        _serve(settings, on_ready, prepare)
    except KeyboardInterrupt:
        log.info("server.stopped")
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _serve(settings: Settings, on_ready: OnReady, prepare: Callable[[Hub], None] | None) -> None:
    with ExitStack() as stack:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        presence = stack.enter_context(_sole_server(settings.data))
        hub = stack.enter_context(Hub.opened(settings))
        if prepare:
            prepare(hub)
        listening = stack.enter_context(_listen(settings.http))
        http = Address(settings.http.host, listening.getsockname()[1])
        stack.enter_context(hub.ingest)
        make_ready(hub.clock.now().astimezone(JST).date())
        hub.dispatcher.start()
        stack.callback(hub.dispatcher.stop)
        hub.completion.start()
        stack.callback(hub.completion.stop)
        hub.commitment_worker.start()
        stack.callback(hub.commitment_worker.stop)
        hub.metadata_worker.start()
        stack.callback(hub.metadata_worker.stop)
        hub.care.start()
        stack.callback(hub.care.stop)
        hub.outgoing_worker.start()
        stack.callback(hub.outgoing_worker.stop)
        try:
            dicom = hub.node.start()
        except OSError as error:
            addresses = [str(each) for each in (settings.dicom, settings.dicom_tls) if each]
            raise AddressTaken(address=" / ".join(addresses), reason=error.strerror) from error
        stack.callback(hub.node.stop)
        presence(http, dicom)
        config = uvicorn.Config(
            application(hub),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_SECONDS_TO_FINISH,
            lifespan="off",
            http=OneWrite,
            timeout_keep_alive=_SECONDS_IDLE,
        )
        # What is here now stays for good: the collector of cycles need not walk over it again and again.
        gc.collect()
        gc.freeze()
        stack.callback(gc.unfreeze)
        endings: list[Callable[[], None]] = []
        stack.callback(lambda: [end() for end in endings])
        # A second Ctrl-C does not cut short what the first has begun to end in order.
        stack.callback(lambda: [signal.signal(each, signal.SIG_IGN) for each in (signal.SIGINT, signal.SIGTERM)])
        # uvicorn ends at a signal and raises it once more, which ends us in turn, through the stack.
        _Server(config, lambda: endings.append(on_ready(hub, http, dicom))).run(sockets=[listening])


def served_at(data: Path) -> tuple[str, str] | None:
    """The HTTP and DICOM addresses of the server that runs on this data folder; None if none does."""
    try:
        with (data / _LOCK).open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                told = json.loads(lock.read() or "{}")
                return str(told.get("http", "")), str(told.get("dicom", ""))
    except (OSError, ValueError):
        return None
    return None


@contextmanager
def _sole_server(data: Path) -> Iterator[Callable[[Address, Address], None]]:
    """Hold the folder's lock; gives a function that writes down, for the doctor, where we listen."""
    with (data / _LOCK).open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyServed(data=str(data)) from None

        def write(http: Address, dicom: Address) -> None:
            lock.truncate(0)
            lock.write(json.dumps({"http": str(http), "dicom": str(dicom)}))
            lock.flush()

        yield write


def _listen(at: Address) -> socket.socket:
    try:
        return socket.create_server(at, family=socket.AF_INET6 if ":" in at.host else socket.AF_INET, backlog=1024)
    except OSError as error:
        raise AddressTaken(address=str(at), reason=error.strerror) from error
