"""Who may do what, and how they prove who they are. Pure; times and secrets are handed in."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from ricarica.kernel.errors import ForbiddenError, InvalidError, RicaricaError
from ricarica.kernel.ids import DEFAULT_TENANT, TenantId

IDLE = timedelta(hours=12)  # a working day: nobody logs in again after lunch
ABSOLUTE = timedelta(days=7)  # a stolen cookie ends with the week, however often it is used
KEY_SIGN = "ric_"  # lets secret scanners and people recognise a key of ours
PREFIX_LENGTH = len(KEY_SIGN) + 6  # enough to tell keys apart, useless for guessing the rest
PASSWORD_LENGTH_MIN = 8  # NIST SP 800-63B
PASSWORD_LENGTH_MAX = 256  # hashing more would only cost time
NAME_LENGTH_MAX = 64  # fits a line of the audit page
ANSWERS_KEPT = timedelta(hours=24)  # for how long a repeated request gets its first answer
SESSION_COOKIE = "ricarica_session"  # carries the token of a browser's session


class NotAuthenticatedError(RicaricaError):
    """Nobody known to us asks; the text says how to prove who they are."""


class TooManyAttemptsError(RicaricaError):
    """Passwords were guessed too often; the text says how long to wait."""

    def __init__(self, wait: timedelta) -> None:
        self.wait_s = max(1, round(wait.total_seconds()))
        super().__init__(f"too many failed attempts; try again in {self.wait_s} s")


class Role(StrEnum):
    ADMIN = "admin"
    OPERATOR = "operator"
    VIEWER = "viewer"


class ActorKind(StrEnum):
    OPERATOR = "operator"
    API_KEY = "api_key"
    SYSTEM = "system"


class Permission(StrEnum):
    READ = "read"
    COMMAND = "command"  # tell stations what to do, and change their settings
    EDIT_TOKENS = "edit_tokens"
    EDIT_STATIONS = "edit_stations"  # approve, prepare and remove stations; sites too
    EDIT_TARIFFS = "edit_tariffs"
    ADMINISTER = "administer"  # operators, API keys, the audit log


PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.READ}),
    Role.OPERATOR: frozenset({Permission.READ, Permission.COMMAND, Permission.EDIT_TOKENS}),
    Role.ADMIN: frozenset(Permission),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something. `name` is unique among the actors of its kind and tenant."""

    tenant: TenantId
    name: str
    role: Role
    kind: ActorKind

    def may(self, permission: Permission) -> bool:
        return permission in PERMISSIONS[self.role]

    def must(self, permission: Permission) -> None:
        if not self.may(permission):
            raise ForbiddenError(
                f"the role {self.role} may not {permission.replace('_', ' ')}; ask an administrator"
            )


def system_actor(tenant: TenantId = DEFAULT_TENANT, name: str = "system") -> Actor:
    """Ricarica itself: timers, the first start, the command line on its own machine."""
    return Actor(tenant, name, Role.ADMIN, ActorKind.SYSTEM)


@dataclass(frozen=True, slots=True)
class Tenant:
    id: TenantId
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Operator:
    """A person who runs the network."""

    tenant: TenantId
    name: str
    role: Role
    password_hash: str = field(repr=False)
    created_at: datetime
    password_changed_at: datetime

    @property
    def folded(self) -> str:
        return folded(self.name)

    @property
    def actor(self) -> Actor:
        return Actor(self.tenant, self.name, self.role, ActorKind.OPERATOR)


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that logged in. Of its token only the digest is known."""

    digest: str
    tenant: TenantId
    operator: str  # folded name
    created_at: datetime
    used_at: datetime
    remote: str = ""
    agent: str = ""

    def is_over(self, at: datetime) -> bool:
        return at >= self.used_at + IDLE or at >= self.created_at + ABSOLUTE


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A program that may call the API. Of its key only the digest and the prefix are known."""

    digest: str
    tenant: TenantId
    id: str
    name: str
    prefix: str
    role: Role
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    used_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_over(self, at: datetime) -> bool:
        return self.revoked_at is not None or (
            self.expires_at is not None and at >= self.expires_at
        )

    @property
    def actor(self) -> Actor:
        return Actor(self.tenant, f"{self.name} ({self.prefix})", self.role, ActorKind.API_KEY)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A line of the audit log. It is added once and never changed."""

    tenant: TenantId
    id: str
    at: datetime
    actor: str
    actor_kind: ActorKind
    action: str  # what was done, e.g. `station.reset`
    subject: str  # to what, e.g. `station:CP-1`
    outcome: str
    detail: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What a request with an idempotency key was answered, so that a repeat has no effect."""

    tenant: TenantId
    actor: str
    key: str
    request_digest: str
    created_at: datetime
    status: int | None = None  # None: the request is still being carried out
    body: bytes = b""

    def is_over(self, at: datetime) -> bool:
        return at >= self.created_at + ANSWERS_KEPT


def digest_of(secret: str) -> str:
    """What is stored of a random secret. It has 256 bits, so a fast digest is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_token_of(session_token: str) -> str:
    """Proof that a form came from a page of this session."""
    return hmac.new(session_token.encode(), b"csrf", hashlib.sha256).hexdigest()


def is_csrf_token(session_token: str, given: str) -> bool:
    return hmac.compare_digest(csrf_token_of(session_token).encode(), given.encode())


def folded(name: str) -> str:
    """A name for comparing: two operators differ by more than case."""
    return name.strip().casefold()


def checked_name(name: str) -> str:
    stripped = name.strip()
    if not stripped or len(stripped) > NAME_LENGTH_MAX or not stripped.isprintable():
        raise InvalidError(f"a name has 1 to {NAME_LENGTH_MAX} printable characters")
    return stripped


def checked_password(password: str) -> str:
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        raise InvalidError(
            f"a password has {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters"
        )
    return password


def checked_role(role: str) -> Role:
    try:
        return Role(role)
    except ValueError:
        raise InvalidError(f"a role is one of {', '.join(Role)}, not {role!r}") from None
