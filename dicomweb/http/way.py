"""The way of a request to its handler: on the event loop where nothing has to be waited for, else on a thread."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response

from access_control.model import Actor
from access_control.web.authentication import note_moment
from dicomweb.errors import FileAway
from dicomweb.http.compression import compressed
from dicomweb.http.pieces import NotAtOnce
from shared_kernel.watch import Watch

Authenticate = Callable[[Request], Actor]
Recognise = Callable[[Request], Actor | None]
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Later:
    """An answer that takes a codec long to make: on a thread of a limit of its own, not of those that all share."""

    work: Callable[[], Response]
    limiter: CapacityLimiter


Handler = Callable[[Request, Actor], Response | Later]


class AtOnce(Protocol):
    """A handler that has some answers in memory."""

    def at_once(self, request: Request, actor: Actor) -> Response | None:
        """The answer if it takes some hundred microseconds and waits for no disk, lock or other thread; else None.

        It runs on the event loop, where everybody waits for it, and writes nothing; it may also raise NotAtOnce.
        What access and audit demand is asked with `Door.known` or `AccessGate.has_passed`; when they do not
        say yes, the answer is None, and the handler is called on a thread, where it decides, audits and refuses.
        Errors of the request alone (a malformed parameter) may be raised here.
        """


class Way:
    """Who is asking, and where the handler runs; one for each limit."""

    def __init__(
        self,
        authenticate: Authenticate,
        recognise: Recognise | None,
        watch: Watch,
        limiter: CapacityLimiter | None = None,
    ) -> None:
        self._authenticate = authenticate
        self._recognise = recognise
        self._watch = watch
        self._limiter = limiter

    def endpoint(self, handler: Handler) -> Endpoint:
        """The handler as a route's endpoint. One with `at_once` is tried so first."""
        at_once: Callable[[Request, Actor], Response | None] | None = getattr(handler, AtOnce.at_once.__name__, None)

        async def endpoint(request: Request) -> Response:
            note_moment(request, self._watch)
            actor = self._recognise(request) if self._recognise else None
            if actor is not None and at_once is not None:
                try:
                    response = at_once(request, actor)
                except NotAtOnce:
                    response = None
                if response is not None:
                    return compressed(request, response, on_the_loop=True)
            answer = await to_thread.run_sync(self._work, handler, request, actor, limiter=self._limiter)
            if isinstance(answer, Later):
                return await to_thread.run_sync(self._late, request, answer, limiter=answer.limiter)
            return answer

        return endpoint

    def _work(self, handler: Handler, request: Request, actor: Actor | None) -> Response | Later:
        with _files_there():
            answer = handler(request, actor or self._authenticate(request))
            return answer if isinstance(answer, Later) else compressed(request, answer)

    @staticmethod
    def _late(request: Request, later: Later) -> Response:
        with _files_there():
            return compressed(request, later.work())


async def limited(pieces: Iterator[bytes], limiter: CapacityLimiter) -> AsyncIterator[bytes]:
    """The pieces of a stream, each made on a thread of this limit; while one is being sent it holds none."""
    while (piece := await to_thread.run_sync(next, pieces, None, limiter=limiter)) is not None:
        yield piece


@contextmanager
def _files_there() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:  # a file that the index names: its disk is away, or it is lost
        raise FileAway(reason=error.strerror or "") from error
