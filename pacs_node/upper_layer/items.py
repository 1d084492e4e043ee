"""What A-ASSOCIATE-RQ and -AC say, as values (PS3.8 section 9.3.2, annex D; PS3.7 annex D)."""

from __future__ import annotations

from dataclasses import dataclass

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"

ACCEPTANCE = 0
USER_REJECTION = 1
NO_REASON = 2
ABSTRACT_SYNTAX_NOT_SUPPORTED = 3
TRANSFER_SYNTAXES_NOT_SUPPORTED = 4


@dataclass(frozen=True, slots=True)
class ProposedContext:
    """A presentation context of a request; `context_id` is odd."""

    context_id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContextResult:
    """What became of a presentation context: `result` is one of the five above."""

    context_id: int
    result: int
    transfer_syntax: str


@dataclass(frozen=True, slots=True)
class Role:
    """SCP/SCU role selection for a SOP class (PS3.7 annex D.3.3.4): what the requestor is to be."""

    sop_class_uid: str
    scu: bool
    scp: bool


@dataclass(frozen=True, slots=True)
class UserIdentity:
    """User identity negotiation (PS3.7 annex D.3.3.7)."""

    kind: int
    response_requested: bool
    primary: bytes
    secondary: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserInformation:
    """The user information item. `maximum_length` 0 means no limit; items that nobody sent are empty."""

    maximum_length: int = 0
    implementation_class_uid: str = ""
    implementation_version_name: str = ""
    roles: tuple[Role, ...] = ()
    extended: tuple[tuple[str, bytes], ...] = ()
    """SOP class extended negotiation: UID and service-class-application-information."""
    common_extended: tuple[bytes, ...] = ()
    """SOP class common extended negotiation items as they came; no answer is due to them."""
    asynchronous: tuple[int, int] | None = None
    """Operations invoked and performed at once."""
    identity: UserIdentity | None = None
    identity_response: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociateRequest:
    """A-ASSOCIATE-RQ; AE titles without their padding."""

    called: str
    calling: str
    contexts: tuple[ProposedContext, ...]
    user: UserInformation
    application_context: str = APPLICATION_CONTEXT
    protocol_version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociateAccept:
    """A-ASSOCIATE-AC; the AE titles are those of the request and are not tested (PS3.8 table 9-17)."""

    called: str
    calling: str
    contexts: tuple[ContextResult, ...]
    user: UserInformation
    application_context: str = APPLICATION_CONTEXT
    protocol_version: int = 1
