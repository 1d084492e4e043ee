"""The routes of /dicomweb, and which services they stand on."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from anyio import CapacityLimiter
from starlette.routing import Route

from access_control.gate import AccessGate
from dicomweb.access import Door
from dicomweb.http.requests import at_public_url
from dicomweb.http.way import Authenticate, Handler, Recognise, Way
from dicomweb.metadata.block_files import BlockFiles
from dicomweb.metadata.series import SeriesMetadata
from dicomweb.metadata.worker import MetadataWorker
from dicomweb.pixels.made_once import MadeOnce
from dicomweb.pixels.picture import Pictures
from dicomweb.pixels.transcoded import TranscodedFrames
from dicomweb.qido.handler import SearchHandler
from dicomweb.rendering.rendition import Renditions
from dicomweb.stow.handler import StoreHandler
from dicomweb.wado.bulkdata import BulkDataHandler
from dicomweb.wado.frames import FramesHandler
from dicomweb.wado.instances import InstancesHandler
from dicomweb.wado.metadata import MetadataHandler
from dicomweb.wado.rendered import RenderedHandler
from dicomweb.wado.uri import UriHandler
from pacs_node.archive.catalogue import Catalogue
from pacs_node.archive.search import Level
from pacs_node.ingest.service import IngestService
from shared_kernel.database import Database
from shared_kernel.settings import Settings

STUDY = "/dicomweb/studies/{study}"
SERIES = STUDY + "/series/{series}"
INSTANCE = SERIES + "/instances/{instance}"

# Decoding takes a core and the memory of a picture: as many at once as there are cores on a small machine,
# on threads of their own, so that drawing never keeps searches and stored frames waiting.
_DRAWING_AT_ONCE = 2
_TRANSCODING_AT_ONCE = 4
_CHANGING_AT_ONCE = 2


def routes(  # noqa: PLR0917 - the services, in the order in which they stand on each other
    catalogue: Catalogue,
    ingest: IngestService,
    gate: AccessGate,
    authenticate: Authenticate,
    database: Database,
    settings: Settings,
    recognise: Recognise | None = None,
    metadata_worker: MetadataWorker | None = None,
) -> list[Route]:
    """Every route of QIDO-RS, WADO-RS and STOW-RS.

    `authenticate` runs on a worker thread and raises NotSignedIn; `recognise` finds on the event loop whom it
    knows without waiting, None for everybody else. Without a
    `metadata_worker` metadata are made when they are asked for. The handlers raise DokueiErrors for the application
    to tell.
    """
    # pydicom remarks on odd data in files, which are not ours to mend; errors it raises are met where they happen.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"pydicom(\.|$)")
    door = Door(catalogue, gate)
    pictures = Pictures()
    drawing = CapacityLimiter(_DRAWING_AT_ONCE)

    def get(path: str, handler: Handler, limiter: CapacityLimiter | None = None) -> Route:
        way = Way(authenticate, recognise, database.watch, limiter)
        return Route(path, way.endpoint(handler), methods=["GET"])

    def search(path: str, level: Level) -> Route:
        return get(path, SearchHandler(database, door, level))

    made = MadeOnce(settings.rendered_cache)
    renditions = Renditions(pictures, made)
    rendered = RenderedHandler(door, renditions, catalogue, drawing)
    thumbnail = RenderedHandler(door, renditions, catalogue, drawing, thumbnail=True)
    metadata = MetadataHandler(door, metadata_worker or metadata_worker_over(catalogue, settings, lambda: ingest.busy))
    instances = InstancesHandler(door, CapacityLimiter(_CHANGING_AT_ONCE))
    frames = FramesHandler(door, pictures, TranscodedFrames(made), CapacityLimiter(_TRANSCODING_AT_ONCE))
    store = StoreHandler(
        ingest=ingest,
        gate=gate,
        authenticate=authenticate,
        max_body=settings.max_stow_body,
        max_instance=settings.max_instance,
    )
    found = [
        search("/dicomweb/studies", Level.STUDY),
        search("/dicomweb/series", Level.SERIES),
        search("/dicomweb/instances", Level.INSTANCE),
        search(f"{STUDY}/series", Level.SERIES),
        search(f"{STUDY}/instances", Level.INSTANCE),
        search(f"{SERIES}/instances", Level.INSTANCE),
        Route("/dicomweb/studies", store.receive, methods=["POST"]),
        Route(STUDY, store.receive, methods=["POST"]),
        *(get(path, instances) for path in (STUDY, SERIES, INSTANCE)),
        *(get(f"{path}/metadata", metadata) for path in (STUDY, SERIES, INSTANCE)),
        *(get(f"{path}/rendered", rendered, drawing) for path in (STUDY, SERIES, INSTANCE)),
        *(get(f"{path}/thumbnail", thumbnail, drawing) for path in (STUDY, SERIES, INSTANCE)),
        get(f"{INSTANCE}/frames/{{frames}}", frames),
        get(f"{INSTANCE}/frames/{{frames}}/rendered", rendered, drawing),
        get(f"{INSTANCE}/frames/{{frames}}/thumbnail", thumbnail, drawing),
        get("/dicomweb/wado", UriHandler(door, renditions, catalogue), drawing),
        get(f"{INSTANCE}/bulkdata/{{path:path}}", BulkDataHandler(door, pictures, frames)),
    ]
    if not settings.public_url:
        return found
    return [
        Route(route.path, at_public_url(settings.public_url, route.endpoint), methods=sorted(route.methods or ()))
        for route in found
    ]


def metadata_worker_over(catalogue: Catalogue, settings: Settings, busy: Callable[[], bool]) -> MetadataWorker:
    """The worker that makes metadata before they are asked for; it does nothing until it is started."""
    files = BlockFiles(settings.data / "metadata", min_free=settings.min_free_disk)
    address = f"{settings.public_url}/dicomweb" if settings.public_url else ""
    return MetadataWorker(catalogue, SeriesMetadata(files, address), busy)
