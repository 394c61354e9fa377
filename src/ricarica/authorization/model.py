"""Tokens, and whether they may charge."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from ricarica.certificates.model import ContractStatus
from ricarica.kernel.ids import EvseNumber, StationKey, TariffId, TenantId


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


# Nobody registers these: a start button identifies nobody and was mounted on purpose (C02), and
# who pays at the station has paid (C18).
NOBODYS = frozenset({TokenKind.NO_AUTHORIZATION, TokenKind.DIRECT_PAYMENT})
# What no card, car or phone can show: only who says of what kind it is means such a token.
# C01.FR.25. The other kinds are registered loosely, for few know which standard a card follows.
APART = NOBODYS | {TokenKind.KEY_CODE, TokenKind.CENTRAL}
# Where a station cannot say the kind, it may be one of ours, that we told it to begin with; it
# is never what somebody typed in, for a card could have the same number.
NEVER_WITHOUT_KIND = NOBODYS | {TokenKind.KEY_CODE}
MAY_BE_CONTRACTS = frozenset({TokenKind.EMAID, None})
EMAID = re.compile(
    r"(?P<country>[A-Z]{2})(?P<gap>-?)(?P<provider>[0-9A-Z]{3})(?P=gap)(?P<instance>[0-9A-Z]{9})"
    r"((?P=gap)[0-9A-Z])?",
    re.ASCII | re.IGNORECASE,
)
HIDDEN = "***"  # shown instead of a code that is typed in: it is a password. C04.FR.04


class TokenStatus(StrEnum):
    ACTIVE = "active"
    BLOCKED = "blocked"


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    BLOCKED = "blocked"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    INVALID = "invalid"  # a wrong code, a certificate that proves nothing, a pass that starts none
    CONCURRENT = "concurrent"
    NO_CREDIT = "no_credit"
    NOT_HERE = "not_here"
    NOT_NOW = "not_now"
    WRONG_EVSE_TYPE = "wrong_evse_type"


class EnergyTransfer(StrEnum):
    """What a car may do at an EVSE. The values are those of OCPP 2.1."""

    AC_SINGLE_PHASE = "AC_single_phase"
    AC_TWO_PHASE = "AC_two_phase"
    AC_THREE_PHASE = "AC_three_phase"
    DC = "DC"
    AC_BPT = "AC_BPT"
    AC_BPT_DER = "AC_BPT_DER"
    AC_DER = "AC_DER"
    DC_BPT = "DC_BPT"
    DC_ACDP = "DC_ACDP"
    DC_ACDP_BPT = "DC_ACDP_BPT"
    WPT = "WPT"


@dataclass(frozen=True, slots=True)
class TokenRef:
    """A token as a station names it; kind None where the dialect has no word for it."""

    uid: str
    kind: TokenKind | None = None

    @property
    def folded(self) -> str:
        """The uid for comparing: tokens differ by more than case."""
        return self.uid.strip().casefold()

    @property
    def spellings(self) -> tuple[str, ...]:
        """What it may be registered as, folded: as it is shown, or as a contract is written."""
        emaid = emaid_in(self.uid) if self.kind in MAY_BE_CONTRACTS else None
        return tuple(dict.fromkeys((self.folded, (emaid or self.folded).casefold())))

    @property
    def shown(self) -> str:
        """The uid for whoever reads along: people, programs, logs."""
        return shown_uid(self.uid, self.kind)


def emaid_in(uid: str) -> str | None:
    """A contract's name as it is kept: without separators and without the check digit, which cars,
    stations and providers write or leave out as they like. ISO 15118-2:2014 annex H.1"""
    found = EMAID.fullmatch(uid.strip())
    return "".join(found.group("country", "provider", "instance")).upper() if found else None


def ref_of(uid: str, kind: str | None) -> TokenRef:
    """As others have written it down."""
    return TokenRef(uid, TokenKind(kind) if kind else None)


def shown_uid(uid: str, kind: str | None) -> str:
    """C04.FR.04"""
    return HIDDEN if kind == TokenKind.KEY_CODE else uid


@dataclass(frozen=True, slots=True)
class Treatment:
    """How a station treats whoever shows the token, beyond letting them charge.

    `priority` is from -9 to 9; `transfers` without any: all that the station can.
    """

    language: str | None = None
    second_language: str | None = None
    message: str | None = None
    priority: int | None = None
    transfers: tuple[EnergyTransfer, ...] = ()


USUAL = Treatment()


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
    treatment: Treatment = USUAL
    tariff: TariffId | None = None  # prices of its own, wherever it charges
    # Prepaid: what is left, in the currency of the prices it charges at. None: it pays later.
    credit: Decimal | None = None

    @property
    def folded(self) -> str:
        return self.uid.strip().casefold()

    @property
    def shown(self) -> str:
        return shown_uid(self.uid, self.kind)

    def is_meant(self, ref: TokenRef) -> bool:
        """Whether that names this token. A code that is typed in is never a card's number."""
        if ref.kind is None:
            return self.kind not in NEVER_WITHOUT_KIND
        if self.kind in APART or ref.kind in NEVER_WITHOUT_KIND:
            return self.kind is ref.kind
        return True


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, with what a station may remember of it.

    `evses`: the only ones where it holds; none named: at all of the station's. `is_master`: it
    may stop any transaction, and start none. C16 `is_proven`: a certificate names the token.
    """

    verdict: Verdict
    group: str | None = None
    expires_at: datetime | None = None
    evses: tuple[EvseNumber, ...] = ()
    treatment: Treatment = USUAL
    is_master: bool = False
    contract: ContractStatus | None = None
    is_proven: bool = False


@dataclass(frozen=True, slots=True)
class ListEntry:
    """A token as a station's local list has it."""

    uid: str
    kind: TokenKind
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Occasion:
    """Where and when a token is shown. evse None: at the station, nobody knows yet where.

    `running`: its transactions elsewhere. `begins`: a transaction is to begin with it.
    """

    station: StationKey
    at: datetime
    evse: EvseNumber | None = None
    running: int = 0
    begins: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """A driver identified at a station. The uid of a code that was typed in is not kept."""

    station: StationKey
    number: int
    at: datetime
    uid: str
    kind: TokenKind | None
    verdict: Verdict


def judge(token: Token | None, ref: TokenRef, at: datetime, *, running: int = 0) -> Judgement:
    """Whether a token may charge now. `running`: its transactions elsewhere."""
    if token is None:
        return Judgement(Verdict.ACCEPTED if ref.kind in NOBODYS else Verdict.UNKNOWN)
    if token.status is TokenStatus.BLOCKED:
        verdict = Verdict.BLOCKED
    elif token.expires_at is not None and token.expires_at <= at:
        verdict = Verdict.EXPIRED
    elif token.concurrent_max is not None and running >= token.concurrent_max:
        verdict = Verdict.CONCURRENT
    elif token.credit is not None and token.credit <= 0:
        verdict = Verdict.NO_CREDIT  # C17.FR.02
    else:
        verdict = Verdict.ACCEPTED
    # C17.FR.01: no station may remember who pays in advance, for what is left changes
    until = token.expires_at if token.credit is None else at
    return Judgement(verdict, token.group, until, treatment=token.treatment)


@dataclass(frozen=True, slots=True)
class CodeGuard:
    """How often a wrong code was typed in at a station, one after the other. C04.FR.06"""

    station: StationKey
    wrong: int = 0
    last_at: datetime | None = None
