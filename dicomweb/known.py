"""Instances that were asked for before, kept in memory for as long as the index says the same of them."""

from __future__ import annotations

from dataclasses import dataclass

from dicomweb.http.cache import BoundedCache
from pacs_node.archive.catalogue import Catalogue
from pacs_node.model import InstanceRecord
from shared_kernel.watch import Moment

_MOST_RECORDS = 30_000  # about a kilobyte each

Key = tuple[str, str | None, str | None]
"""Study, series and instance that were asked for; the last two None for all of them."""


@dataclass(slots=True)
class _Known:
    records: list[InstanceRecord]
    as_of: Moment


class KnownRecords:
    """What the catalogue said, by what it was asked.

    An answer counts while nothing was committed since it was read. After a commit, one instance is asked
    for anew in some microseconds; several are forgotten. So a replaced version, a study that went to another
    site and an emptied archive show in the very next answer.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._kept: BoundedCache[_Known] = BoundedCache(_MOST_RECORDS, lambda known: len(known.records))

    def find(self, key: Key, as_of: Moment) -> list[InstanceRecord] | None:
        """The records as of a moment; None when the database must be asked the long way. Waits for nothing."""
        if as_of is None:
            return None
        known = self._kept.get(key)
        if known is None:
            return None
        if known.as_of != as_of:
            if key[2] is None or not self._catalogue.is_current(known.records[0]):
                return None
            known.as_of = as_of
        return known.records

    def keep(self, key: Key, records: list[InstanceRecord], as_of: Moment) -> None:
        """Remember records, as read after the moment `as_of`."""
        if as_of is not None and records:
            self._kept.put(key, _Known(records, as_of))
