"""/tokens: who may charge."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypeVar

from litestar import delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET, Meta, Struct, UnsetType

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, Caller, require
from ricarica.api.gate import needs
from ricarica.api.replies import Instant, Page, PageWanted, ShortText, in_utc, page_from
from ricarica.authorization.model import (
    EnergyTransfer,
    Token,
    TokenKind,
    TokenStatus,
    Treatment,
)
from ricarica.authorization.queries import TokenFilter, TokenQueries
from ricarica.authorization.service import UID_LENGTH_MAX, TokenChanges, checked_credit
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import TariffId
from ricarica.slices import Slices

T = TypeVar("T")
Uid = Annotated[str, Meta(min_length=1, max_length=UID_LENGTH_MAX)]
ConcurrentMax = Annotated[int, Meta(ge=1, description="Transactions it may have at once.")]


TariffName = Annotated[
    str, Meta(max_length=64, description="The id of the tariff it charges by, wherever that is.")
]
Credit = Annotated[
    Decimal,
    Meta(description="What is left of a prepaid token, in the currency of what it charges by."),
]
# In any case, and with the words that other systems have for the same.
KINDS = {kind.casefold(): kind for kind in TokenKind} | {"rfid": TokenKind.ISO14443}
STATUSES = {str(status): status for status in TokenStatus} | {"accepted": TokenStatus.ACTIVE}
KindWord = Annotated[
    str, Meta(description=f"{', '.join(TokenKind)}, in any case.", examples=[TokenKind.ISO14443])
]
StatusWord = Annotated[str, Meta(description="active or blocked.", examples=[TokenStatus.ACTIVE])]


class TreatmentBody(Struct, frozen=True, forbid_unknown_fields=True):
    """How stations of 2.x treat whoever shows the token; of `transfers` only 2.1 knows."""

    language: ShortText | None = None
    second_language: ShortText | None = None
    message: Annotated[str, Meta(max_length=512)] | None = None
    priority: Annotated[int, Meta(ge=-9, le=9)] | None = None
    transfers: tuple[EnergyTransfer, ...] = ()


class TokenReply(Struct, frozen=True):
    uid: str
    kind: TokenKind
    status: TokenStatus
    group: str | None
    label: str
    expires_at: datetime | None
    concurrent_max: int | None
    created_at: datetime
    tariff: str | None
    credit: Decimal | None
    treatment: TreatmentBody


class NewToken(Struct, frozen=True, forbid_unknown_fields=True):
    uid: Uid
    kind: KindWord = TokenKind.ISO14443
    status: StatusWord = TokenStatus.ACTIVE
    group: ShortText | None = None
    label: ShortText = ""
    expires_at: Instant | None = None
    concurrent_max: ConcurrentMax | None = None
    tariff: TariffName | None = None
    credit: Credit | None = None
    treatment: TreatmentBody = TreatmentBody()


class TokenPatch(Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays; null takes `group`, `expires_at`, `tariff` or `credit` away."""

    status: StatusWord | UnsetType = UNSET
    group: ShortText | UnsetType | None = UNSET
    label: ShortText | UnsetType = UNSET
    expires_at: Instant | UnsetType | None = UNSET
    concurrent_max: ConcurrentMax | UnsetType = UNSET
    tariff: TariffName | UnsetType | None = UNSET
    credit: Credit | UnsetType | None = UNSET
    treatment: TreatmentBody | UnsetType = UNSET


async def token_filter(
    caller: Asking,
    q: Annotated[
        str | None, QueryParameter(description="In uid, label or group, any case.")
    ] = None,
    status: FromQuery[TokenStatus | None] = None,
    group: FromQuery[str | None] = None,
) -> TokenFilter:
    in_full = caller.actor.may(Permission.EDIT_TOKENS)
    return TokenFilter(text=q, status=status, group=group, in_full=in_full)


@get(
    "/tokens",
    opt=needs(Permission.READ),
    tags=["Tokens"],
    dependencies={"which": Provide(token_filter)},
)
async def list_tokens(
    caller: Asking, which: NamedDependency[TokenFilter], page: PageWanted
) -> Page[TokenReply]:
    """Tokens by uid; with codes that are typed in only for those who may edit tokens."""
    rows = await TokenQueries(caller.database).tokens(caller.tenant, which, page)
    return page_from(rows, token_reply)


@get("/tokens/{uid:str}", opt=needs(Permission.READ), tags=["Tokens"])
async def get_token(caller: Asking, uid: FromPath[str]) -> TokenReply:
    """One token; its uid is compared without case."""
    in_full = caller.actor.may(Permission.EDIT_TOKENS)
    found = await TokenQueries(caller.database).token(caller.tenant, uid, in_full=in_full)
    return token_reply(require(found, f"token {uid}"))


@post("/tokens", opt=needs(Permission.EDIT_TOKENS), tags=["Tokens"])
async def add_token(caller: Asking, data: JSONBody[NewToken]) -> TokenReply:
    """Add a token. 409 when its uid is there already."""

    async def add(slices: Slices) -> TokenReply:
        await _known_tariff(slices, caller, data.tariff)
        token = await slices.authorization.add(_token(data, caller, slices.now))
        caller.audit(slices, "token.add", f"token:{token.shown}", status=token.status)
        return token_reply(token)

    return await caller.once(TokenReply, add)


@patch("/tokens/{uid:str}", opt=needs(Permission.EDIT_TOKENS), tags=["Tokens"])
async def change_token(
    caller: Asking, uid: FromPath[str], data: JSONBody[TokenPatch]
) -> TokenReply:
    """Block a token, move it to a group, let it expire."""

    async def change(slices: Slices) -> TokenReply:
        await _known_tariff(slices, caller, data.tariff)
        token = await slices.authorization.change(caller.tenant, uid, _changes(data))
        caller.audit(slices, "token.change", f"token:{token.shown}", status=token.status)
        return token_reply(token)

    return await caller.carry_out(change)


@delete("/tokens/{uid:str}", opt=needs(Permission.EDIT_TOKENS), tags=["Tokens"])
async def remove_token(caller: Asking, uid: FromPath[str]) -> None:
    """Forget a token; what it charged stays."""

    async def remove(slices: Slices) -> None:
        token = await slices.authorization.remove(caller.tenant, uid)
        caller.audit(slices, "token.remove", f"token:{token.shown}")

    await caller.carry_out(remove)


HANDLERS = (list_tokens, get_token, add_token, change_token, remove_token)


def token_reply(token: Token) -> TokenReply:
    return TokenReply(
        token.uid,
        token.kind,
        token.status,
        token.group,
        token.label,
        token.expires_at,
        token.concurrent_max,
        token.created_at,
        token.tariff,
        token.credit,
        treatment_reply(token.treatment),
    )


def treatment_reply(treatment: Treatment) -> TreatmentBody:
    return TreatmentBody(
        treatment.language,
        treatment.second_language,
        treatment.message,
        treatment.priority,
        tuple(treatment.transfers),
    )


def treatment_from(body: TreatmentBody) -> Treatment:
    return Treatment(
        body.language, body.second_language, body.message, body.priority, tuple(body.transfers)
    )


def _token(data: NewToken, caller: Caller, at: datetime) -> Token:
    if not data.uid.isprintable():
        raise InvalidError("uid has printable characters only")
    return Token(
        caller.tenant,
        data.uid,
        _word("kind", data.kind, KINDS),
        _word("status", data.status, STATUSES),
        created_at=at,
        group=data.group or None,
        expires_at=in_utc(data.expires_at),
        label=data.label,
        concurrent_max=data.concurrent_max,
        tariff=TariffId(data.tariff) if data.tariff else None,
        credit=checked_credit(data.credit),
        treatment=treatment_from(data.treatment),
    )


def _changes(data: TokenPatch) -> TokenChanges:
    return TokenChanges(
        status=None if data.status is UNSET else _word("status", data.status, STATUSES),
        group=None if data.group is UNSET else (data.group or ""),
        label=None if data.label is UNSET else data.label,
        expires_at=in_utc(data.expires_at or None),
        never_expires=data.expires_at is None,
        concurrent_max=data.concurrent_max or None,
        tariff=None if data.tariff is UNSET else TariffId(data.tariff or ""),
        credit=None if data.credit is UNSET else data.credit,
        pays_later=data.credit is None,
        treatment=None if data.treatment is UNSET else treatment_from(data.treatment),
    )


async def _known_tariff(slices: Slices, caller: Caller, tariff: str | UnsetType | None) -> None:
    if tariff:
        await slices.tariffs.get(caller.tenant, TariffId(tariff))


def _word(name: str, word: str, known: Mapping[str, T]) -> T:
    found = known.get(word.casefold())
    if found is None:
        raise InvalidError(f"{name} is one of {', '.join(map(str, known.values()))}, not {word!r}")
    return found
