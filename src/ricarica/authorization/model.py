"""Tokens, and whether they may charge."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ricarica.kernel.ids import TenantId


class TokenKind(StrEnum):
    """How a driver identifies. The values are those of OCPP 2.x, where it has one."""

    CENTRAL = "Central"  # given by us, e.g. for a start from the dashboard
    DIRECT_PAYMENT = "DirectPayment"
    EMAID = "eMAID"
    EVCCID = "EVCCID"
    ISO14443 = "ISO14443"
    ISO15693 = "ISO15693"
    KEY_CODE = "KeyCode"
    LOCAL = "Local"
    MAC_ADDRESS = "MacAddress"
    NO_AUTHORIZATION = "NoAuthorization"
    VIN = "VIN"
    UNKNOWN = "Unknown"  # the station could not say


class TokenStatus(StrEnum):
    ACTIVE = "active"
    BLOCKED = "blocked"


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    BLOCKED = "blocked"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    CONCURRENT = "concurrent"
    NO_CREDIT = "no_credit"
    NOT_HERE = "not_here"
    NOT_NOW = "not_now"


@dataclass(frozen=True, slots=True)
class TokenRef:
    """A token as a station names it; kind None where the dialect has no word for it."""

    uid: str
    kind: TokenKind | None = None

    @property
    def folded(self) -> str:
        """The uid for comparing: tokens differ by more than case."""
        return self.uid.strip().casefold()


@dataclass(frozen=True, slots=True)
class Token:
    tenant: TenantId
    uid: str
    kind: TokenKind
    status: TokenStatus
    created_at: datetime
    group: str | None = None  # tokens of one group may stop each other's transactions
    expires_at: datetime | None = None
    label: str = ""
    concurrent_max: int | None = None  # running transactions it may have at once; None: any

    @property
    def folded(self) -> str:
        return self.uid.strip().casefold()


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, with what a station may remember of it."""

    verdict: Verdict
    group: str | None = None
    expires_at: datetime | None = None


def judge(token: Token | None, ref: TokenRef, at: datetime, *, running: int = 0) -> Judgement:
    """Whether a token may charge now. `running`: its transactions elsewhere."""
    if token is None:
        # C02: a start button identifies nobody, and the operator mounted it on purpose
        nobody = ref.kind is TokenKind.NO_AUTHORIZATION
        return Judgement(Verdict.ACCEPTED if nobody else Verdict.UNKNOWN)
    if token.status is TokenStatus.BLOCKED:
        verdict = Verdict.BLOCKED
    elif token.expires_at is not None and token.expires_at <= at:
        verdict = Verdict.EXPIRED
    elif token.concurrent_max is not None and running >= token.concurrent_max:
        verdict = Verdict.CONCURRENT
    else:
        verdict = Verdict.ACCEPTED
    return Judgement(verdict, token.group, token.expires_at)
