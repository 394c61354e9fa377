"""/tokens: who may charge."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from litestar import get, post
from litestar.params import FromPath

from ricarica.access.model import Permission
from ricarica.authorization.model import (
    USUAL,
    EnergyTransfer,
    Token,
    TokenKind,
    TokenStatus,
    Treatment,
)
from ricarica.authorization.queries import TokenFilter as Which
from ricarica.authorization.queries import TokenQueries
from ricarica.authorization.service import (
    CREDIT_MAX,
    UID_LENGTH_MAX,
    TokenChanges,
    checked_treatment,
)
from ricarica.kernel.errors import ConflictError, InvalidError, NotFoundError
from ricarica.kernel.ids import TariffId
from ricarica.kernel.slashes import name_in
from ricarica.slices import Slices
from ricarica.storage.pages import Wanted
from ricarica.transactions.queries.listing import TransactionQueries
from ricarica.web.builders.forms import (
    NAME_MISSING,
    NAME_TAKEN,
    NO_COUNT,
    NO_INSTANT,
    NO_NUMBER,
    NO_SUCH_TARIFF,
    UNCLEAR_NUMBER,
    UNKNOWN_CHOICE,
)
from ricarica.web.builders.lists import pager_of
from ricarica.web.pages.choices import tariffs_of
from ricarica.web.pages.tariffs import number_from
from ricarica.web.sessions import needs
from ricarica.web.typed import Form, fields_of, if_other, instant_in, is_grouped, shown_instant
from ricarica.web.views.tokens import TokenFilter, TokenForm, TokenRow, TokensPage
from ricarica.web.views.visit import Notice
from ricarica.web.visitor import Html, Visiting, Visitor

ON_A_PAGE = 50
TEXT_MAX = 255
CONCURRENT_MAX = 1_000  # as the form says


@dataclass(frozen=True, slots=True)
class Filled:
    """What a form says, once it makes sense."""

    kind: TokenKind
    status: TokenStatus
    label: str
    group: str
    expires_at: datetime | None
    concurrent_max: int | None
    tariff: str
    credit: Decimal | None
    treatment: Treatment


@get("/tokens", opt=needs(Permission.READ))
async def tokens_page(visitor: Visiting) -> Html:
    typed = TokenFilter(
        visitor.query.get("q", "").strip(), visitor.query.get("standing", "").strip()
    )
    wanted = Wanted(ON_A_PAGE, visitor.query.get("after") or None)
    which = _which(typed, visitor.now, in_full=visitor.may(Permission.EDIT_TOKENS))
    found = await TokenQueries(visitor.database).tokens(visitor.tenant, which, wanted)
    uids = [token.uid for token in found.items]
    uses = await TransactionQueries(visitor.database).last_uses(visitor.tenant, uids)
    rows = tuple(
        _row(token, visitor.now, *uses.get(token.uid, (None, None))) for token in found.items
    )
    pager = pager_of("/tokens", visitor.query, found.next)
    return await visitor.show(TokensPage(rows, pager, typed))


@get("/tokens/new", opt=needs(Permission.EDIT_TOKENS))
async def new_form(visitor: Visiting) -> Html:
    kind = visitor.query.get("kind", "")
    form = TokenForm(
        visitor.query.get("uid", "")[:UID_LENGTH_MAX],
        kind=kind if kind in set(TokenKind) else TokenKind.ISO14443.value,
        tariffs=await _tariffs(visitor),
    )
    return await visitor.show(form)


@post("/tokens/new", opt=needs(Permission.EDIT_TOKENS))
async def add(visitor: Visiting) -> Html:
    uid = visitor.form.get("uid", "").strip()
    filled = await _filled(visitor)
    if not 0 < len(uid) <= UID_LENGTH_MAX:
        errors = filled if isinstance(filled, dict) else {}
        return await _again(visitor, uid, {**errors, "uid": NAME_MISSING}, is_new=True)
    if isinstance(filled, dict):
        return await _again(visitor, uid, filled, is_new=True)
    try:
        await _added(visitor, uid, filled)
    except ConflictError:
        return await _again(visitor, uid, {"uid": NAME_TAKEN}, is_new=True)
    return visitor.lead_to("/tokens", Notice.TOKEN_SAVED)


@get("/tokens/{token:str}/edit", opt=needs(Permission.EDIT_TOKENS))
async def edit_form(visitor: Visiting, token: FromPath[str]) -> Html:
    return await visitor.show(await _form_of(visitor, await known_token(visitor, token)))


@post("/tokens/{token:str}/edit", opt=needs(Permission.EDIT_TOKENS))
async def change(visitor: Visiting, token: FromPath[str]) -> Html:
    known = await known_token(visitor, token)
    shown = await _form_of(visitor, known)
    visitor.edits(fields_of(shown) | dict.fromkeys(shown.transfers, "true"))
    filled = await _filled(visitor, known)
    if isinstance(filled, dict):
        return await _again(visitor, known.uid, filled, is_new=False)
    await _changed(visitor, known.uid, _changes(filled, known))
    return visitor.lead_to("/tokens", Notice.TOKEN_SAVED)


@post("/tokens/{token:str}/block", opt=needs(Permission.EDIT_TOKENS))
async def block(visitor: Visiting, token: FromPath[str]) -> Html:
    await _changed(visitor, name_in(token), TokenChanges(status=TokenStatus.BLOCKED))
    return visitor.lead_to("/tokens", Notice.TOKEN_BLOCKED)


@post("/tokens/{token:str}/unblock", opt=needs(Permission.EDIT_TOKENS))
async def unblock(visitor: Visiting, token: FromPath[str]) -> Html:
    await _changed(visitor, name_in(token), TokenChanges(status=TokenStatus.ACTIVE))
    return visitor.lead_to("/tokens", Notice.TOKEN_UNBLOCKED)


HANDLERS = (tokens_page, new_form, add, edit_form, change, block, unblock)


async def known_token(visitor: Visitor, part: str) -> Token:
    uid = name_in(part)
    known = await TokenQueries(visitor.database).token(visitor.tenant, uid, in_full=True)
    if known is None:
        raise NotFoundError(f"there is no token {uid}")
    return known


async def _added(visitor: Visitor, uid: str, filled: Filled) -> None:
    async def work(slices: Slices) -> None:
        token = Token(
            visitor.tenant,
            uid,
            filled.kind,
            filled.status,
            created_at=slices.now,
            group=filled.group or None,
            expires_at=filled.expires_at,
            label=filled.label,
            concurrent_max=filled.concurrent_max,
            tariff=TariffId(filled.tariff) if filled.tariff else None,
            credit=filled.credit,
            treatment=filled.treatment,
        )
        added = await slices.authorization.add(token)
        visitor.audit(slices, "token.add", f"token:{added.shown}", status=added.status)

    await visitor.carry_out(work)


async def _changed(visitor: Visitor, uid: str, changes: TokenChanges) -> None:
    async def work(slices: Slices) -> None:
        token = await slices.authorization.change(visitor.tenant, uid, changes)
        visitor.audit(slices, "token.change", f"token:{token.shown}", status=token.status)

    await visitor.carry_out(work)


def _row(
    token: Token, now: datetime, last_used_at: datetime | None, last_station: str | None
) -> TokenRow:
    return TokenRow(
        token.uid,
        token.kind.value,
        token.status,
        token.label,
        token.group,
        token.expires_at,
        is_expired=token.expires_at is not None and token.expires_at <= now,
        concurrent_max=token.concurrent_max,
        last_used_at=last_used_at,
        last_used_station=last_station,
    )


def _which(typed: TokenFilter, now: datetime, *, in_full: bool) -> Which:
    status = {"active": TokenStatus.ACTIVE, "blocked": TokenStatus.BLOCKED}.get(typed.standing)
    return Which(
        text=typed.q or None,
        status=status,
        expired_at=now if typed.standing == "expired" else None,
        in_full=in_full,
    )


# -- what was typed


async def _form_of(visitor: Visitor, known: Token) -> TokenForm:
    return TokenForm(
        known.uid,
        is_new=False,
        kind=known.kind.value,
        status=known.status.value,
        label=known.label,
        group=known.group or "",
        expires_at=shown_instant(known.expires_at, visitor.house.choices.time_zone),
        concurrent_max=str(known.concurrent_max or ""),
        tariff=known.tariff or "",
        credit=visitor.formats.typed(known.credit),
        tariffs=await _tariffs(visitor),
        language=known.treatment.language or "",
        second_language=known.treatment.second_language or "",
        message=known.treatment.message or "",
        priority="" if known.treatment.priority is None else str(known.treatment.priority),
        transfers=tuple(known.treatment.transfers),
    )


def _changes(filled: Filled, known: Token) -> TokenChanges:
    """Only what is not so already: of the rest others may decide meanwhile."""
    is_endless, is_unlimited = filled.expires_at is None, filled.concurrent_max is None
    return TokenChanges(
        if_other(filled.status, known.status),
        if_other(filled.group, known.group or ""),
        if_other(filled.label, known.label),
        if_other(filled.expires_at, known.expires_at),
        never_expires=is_endless and known.expires_at is not None,
        concurrent_max=if_other(filled.concurrent_max, known.concurrent_max),
        kind=if_other(filled.kind, known.kind),
        any_number=is_unlimited and known.concurrent_max is not None,
        tariff=if_other(TariffId(filled.tariff), known.tariff or TariffId("")),
        credit=if_other(filled.credit, known.credit),
        pays_later=filled.credit is None and known.credit is not None,
        treatment=if_other(filled.treatment, known.treatment),
    )


async def _filled(visitor: Visitor, known: Token | None = None) -> Filled | dict[str, str]:
    """What the form says, or what is wrong with it."""
    form, errors = visitor.form, dict[str, str]()
    kind, status = form.get("kind", TokenKind.ISO14443), form.get("status", TokenStatus.ACTIVE)
    if kind not in set(TokenKind):
        errors["kind"] = UNKNOWN_CHOICE
    if status not in set(TokenStatus):
        errors["status"] = UNKNOWN_CHOICE
    most = form.get("concurrent_max", "").strip()
    if most and not (most.isdecimal() and 0 < int(most[:9]) <= CONCURRENT_MAX):
        errors["concurrent_max"] = NO_COUNT
    expires_at = None
    try:
        zone, before = visitor.house.choices.time_zone, known.expires_at if known else None
        expires_at = instant_in(form, "expires_at", zone, before)
    except InvalidError:
        errors["expires_at"] = NO_INSTANT
    tariff = form.get("tariff", "").strip()
    if tariff and tariff not in {each for each, _ in await _tariffs(visitor)}:
        errors["tariff"] = NO_SUCH_TARIFF
    credit = _credit(form, errors)
    treatment = _treatment(form, errors)
    if errors:
        return errors
    return Filled(
        TokenKind(kind),
        TokenStatus(status),
        form.get("label", "").strip()[:TEXT_MAX],
        form.get("group", "").strip()[:TEXT_MAX],
        expires_at,
        int(most) if most else None,
        tariff,
        credit,
        treatment,
    )


async def _tariffs(visitor: Visitor) -> tuple[tuple[str, str], ...]:
    return tuple((each.value, each.label) for each in await tariffs_of(visitor))


def _credit(form: Form, errors: dict[str, str]) -> Decimal | None:
    typed = form.get("credit", "").strip()
    if not typed:
        return None
    number = number_from(typed)
    if number is None or abs(number) > CREDIT_MAX:
        errors["credit"] = NO_NUMBER
    if is_grouped(form, "credit"):
        errors["credit"] = UNCLEAR_NUMBER
    return number


def _treatment(form: Form, errors: dict[str, str]) -> Treatment:
    priority = form.get("priority", "").strip()
    try:
        treatment = Treatment(
            form.get("language", "").strip() or None,
            form.get("second_language", "").strip() or None,
            form.get("message", "").strip() or None,
            int(priority) if priority else None,
            tuple(transfer for transfer in EnergyTransfer if form.get(transfer)),
        )
        return checked_treatment(treatment)
    except ValueError:
        errors["priority"] = NO_NUMBER
    except InvalidError as error:
        errors[""] = str(error)
    return USUAL


async def _again(visitor: Visitor, uid: str, errors: dict[str, str], *, is_new: bool) -> Html:
    """The form as it was typed, with what is wrong."""
    form = visitor.form
    view = TokenForm(
        uid,
        is_new,
        form.get("kind", ""),
        form.get("status", ""),
        form.get("label", ""),
        form.get("group", ""),
        form.get("expires_at", ""),
        form.get("concurrent_max", ""),
        form.get("language", ""),
        form.get("second_language", ""),
        form.get("message", ""),
        form.get("priority", ""),
        tuple(transfer for transfer in EnergyTransfer if form.get(transfer)),
        form.get("tariff", ""),
        form.get("credit", ""),
        await _tariffs(visitor),
        errors,
    )
    return await visitor.show(view, 422)
