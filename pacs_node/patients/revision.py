"""How often what is known of patients has been decided anew: for whoever remembers something that rests on it.

Ingest remembers, for images like one that it has indexed, that they say nothing new. A decision, one taken back,
or texts read anew make that untrue, in this process or in another. One number, read by one statement on the
primary key in the transaction that relies on it, tells.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Dialect, insert, select, update
from sqlalchemy.orm import Session

from pacs_node.patients.tables import IdentityRevisionRow
from shared_kernel.prepared import Prepared

_ONLY = 1
_ASKED = select(IdentityRevisionRow.revision).where(IdentityRevisionRow.id == _ONLY)


def identity_revision(session: Session) -> int:
    """The number as the transaction sees it; another one than before means that nothing remembered holds."""
    return session.scalar(_ASKED) or 0


def decided_anew(session: Session) -> None:
    """One more, in the writing transaction that changes what is known of patients.

    The row stays locked until that transaction ends, so that of two at once no number is lost.
    """
    raised = update(IdentityRevisionRow).where(IdentityRevisionRow.id == _ONLY)
    changed: Any = session.execute(raised.values(revision=IdentityRevisionRow.revision + 1))
    if not changed.rowcount:
        session.execute(insert(IdentityRevisionRow).values(id=_ONLY, revision=1))


class LeanIdentityRevision:
    """`identity_revision` for transactions on the driver's own cursor, as of `Database.write_lean`."""

    def __init__(self, dialect: Dialect) -> None:
        self._asked = Prepared(_ASKED, dialect)

    def read(self, cursor: Any) -> int:
        """The number as the cursor's transaction sees it."""
        self._asked.run(cursor, {})
        row = cursor.fetchone()
        return int(row[0]) if row else 0
