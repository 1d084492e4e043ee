"""The DICOM port of the hub."""

from __future__ import annotations

from collections.abc import Sequence

from pynetdicom import AE

from pacs_node.ingest.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacs_node.ingest.service import IngestService
from pacs_node.peers.model import Peer
from pacs_node.peers.service import PeerDirectory
from pacs_node.scp.admission import MAXIMUM_PDU, Admission
from pacs_node.scp.connection import Surroundings
from pacs_node.scp.door import Door
from pacs_node.scp.places import Places
from pacs_node.scp.service import DimseService
from pacs_node.scp.tls import ServerTls
from shared_kernel.clock import Clock
from shared_kernel.database import Database
from shared_kernel.settings import Address, SettingError, Settings


class DicomNode:
    """Storage SCP, Verification SCP and further `services`, for known peers.

    An association is let in when the calling AE title is a peer's at that moment and the called one is
    ours; otherwise it is rejected with the standard's reason and a line in the audit trail. What proposes
    only storage and verification is served on the storage lane, everything else by pynetdicom. `patience`
    is how many seconds a silent peer is waited for, `request_patience` how many a connection has until its
    A-ASSOCIATE-RQ is there (the ARTIM timer, PS3.8 section 9.1.5), and
    `message_patience` how many a message has from its first fragment to its last, beside those that its
    bytes take at SLOWEST_BYTES_PER_SECOND (unless said, ten times `patience`).
    """

    def __init__(
        self,
        settings: Settings,
        ingest: IngestService,
        peers: PeerDirectory,
        *,
        database: Database,
        clock: Clock,
        services: Sequence[DimseService] = (),
        patience: float = 60.0,
        request_patience: float = 10.0,
        message_patience: float | None = None,
    ) -> None:
        self._settings = settings
        self._services = tuple(services)
        self._patience = patience
        ae = AE(ae_title=settings.ae_title)
        ae.maximum_pdu_size = MAXIMUM_PDU
        ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
        ae.acse_timeout = request_patience
        ae.dimse_timeout = ae.network_timeout = patience
        self._around = Surroundings(
            ae=ae,
            admission=Admission(
                peers,
                database=database,
                clock=clock,
                ae_title=settings.ae_title,
                offers=[offer for service in self._services for offer in service.offers],
                private=frozenset(settings.storage_classes),
            ),
            ingest=ingest,
            serving=self._serving,
            patience=patience,
            request_patience=request_patience,
            message_patience=message_patience or 10 * patience,
        )
        self._places = Places(settings.max_associations)
        self._doors: list[Door] = []
        self.tls_address: Address | None = None
        """Where it listens for TLS, while it does."""

    def start(self) -> Address:
        """Listen; returns the address, with the port that the system chose where the setting is 0.

        Raises OSError when an address is taken, SettingError when the certificate is of no use.
        """
        settings = self._settings
        tls = None
        if settings.dicom_tls is not None:
            try:
                tls = ServerTls(settings)
            except (OSError, ValueError) as error:
                raise SettingError(
                    f"Setting 'tls_certificate', 'tls_key' or 'tls_client_ca' is of no use: {error}."
                ) from error
        self._doors = [Door(settings.dicom, self._places, self._around)]
        if tls is not None and settings.dicom_tls is not None:
            try:
                self._doors.append(Door(settings.dicom_tls, self._places, self._around, tls=tls.context))
            except OSError:
                self.stop()
                raise
            self.tls_address = self._doors[1].address
        for door in self._doors:
            door.start()
        return self._doors[0].address

    def stop(self) -> None:
        """Take no more associations and abort those that are open; returns when they have ended."""
        doors, self._doors, self.tls_address = self._doors, [], None
        for door in doors:
            door.close()
        for door in doors:
            door.end(self._patience)
        self._around.admission.close()

    def _serving(self, sop_class_uid: str, peer: Peer) -> DimseService | None:
        for service in self._services:
            if any(offer.sop_class_uid == sop_class_uid and peer.may(offer.service) for offer in service.offers):
                return service
        return None
