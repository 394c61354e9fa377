"""Who may charge."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from ricarica.authorization import guard, judging
from ricarica.authorization.events import TokenChanged, TokenJudged
from ricarica.authorization.guard import Guesses
from ricarica.authorization.local_lists import LocalListService
from ricarica.authorization.model import (
    NOBODYS,
    Attempt,
    Judgement,
    Occasion,
    Token,
    TokenKind,
    TokenRef,
    TokenStatus,
    Treatment,
    Verdict,
    emaid_in,
)
from ricarica.authorization.places import Places
from ricarica.authorization.ports import AccessBookStore, TokenStore
from ricarica.authorization.rules import concurrent_max
from ricarica.certificates.model import ContractStatus
from ricarica.kernel.errors import ConflictError, InvalidError, NotFoundError
from ricarica.kernel.events import Announcer
from ricarica.kernel.ids import Ids, StationKey, TariffId, TenantId

UID_LENGTH_MAX = 255  # 2.1 allows 255, and stations of 1.6 have been seen to exceed their 20
LANGUAGE_MAX = 8  # characters of a language, C01.FR.17
MESSAGE_MAX = 512  # characters that 2.0.1 can carry; 2.1 twice as many
PRIORITY_MAX = 9  # either way
CREDIT_MAX = Decimal(1_000_000)  # either way: who paid less than it came to owes the rest
TOKENS = "tokens"  # what stations guess at
WRONG = frozenset({Verdict.UNKNOWN, Verdict.INVALID})
# Starts from the dashboard or the API that name no token are the operator's own.
DESK = TokenRef("RICARICA-DESK", TokenKind.CENTRAL)


@dataclass(frozen=True, slots=True)
class TokenChanges:
    """None leaves a field as it is; an empty text takes group or label away."""

    status: TokenStatus | None = None
    group: str | None = None
    label: str | None = None
    expires_at: datetime | None = None
    never_expires: bool = False
    concurrent_max: int | None = None
    any_number: bool = False  # of running transactions at once
    kind: TokenKind | None = None
    tariff: TariffId | None = None  # empty: the one of the place
    credit: Decimal | None = None
    pays_later: bool = False
    treatment: Treatment | None = None


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What judging a token needs to ask, and what it changes besides."""

    places: Places
    lists: LocalListService
    guesses: Guesses


class AuthorizationService:
    def __init__(
        self,
        store: TokenStore,
        access: AccessBookStore,
        neighbours: Neighbours,
        announcer: Announcer,
        ids: Ids,
    ) -> None:
        self._store = store
        self._access = access
        self._guesses = neighbours.guesses
        self._places = neighbours.places
        self._lists = neighbours.lists
        self._announce = announcer.announce
        self._ids = ids

    async def authorize(
        self,
        station: StationKey,
        ref: TokenRef,
        at: datetime,
        contract: ContractStatus | None = None,
        *,
        is_named: bool = False,
    ) -> Judgement:
        """A driver identified at a station: may it charge? C01

        Args:
            contract: What is to be thought of the certificate that was shown.
            is_named: The certificate names the token, and does not only come with it.
        """
        judgement = await self.judge(ref, Occasion(station, at))
        if contract is not None:
            judgement = judging.with_contract(judgement, contract, is_named=is_named)
        judgement = await self.answer(station, ref, judgement, at)
        uid = "" if ref.kind is TokenKind.KEY_CODE else ref.uid  # C04.FR.04
        number = self._ids.event()
        self._access.add_attempt(Attempt(station, number, at, uid, ref.kind, judgement.verdict))
        self._announce(TokenJudged(station, uid, judgement.verdict))
        return judgement

    async def judge(self, ref: TokenRef, occasion: Occasion) -> Judgement:
        tenant = occasion.station.tenant
        token = await self.meant(tenant, ref)
        book = await self._access.book(tenant)
        if token is None:
            return judging.of_stranger(ref, book)
        places = await self._places.of(occasion.station, occasion.evse, book.rules)
        return judging.of_token(token, ref, book, occasion, places)

    async def answer(
        self, station: StationKey, ref: TokenRef, judgement: Judgement, at: datetime
    ) -> Judgement:
        """What a station hears of a verdict: who tries one after the other learns nothing.

        Args:
            at: By our clock; a station's could say that it had waited.
        """
        if ref.kind is TokenKind.KEY_CODE:
            return await self._answer_to_code(station, judgement, at)
        if ref.kind in NOBODYS or judgement.is_proven:
            return judgement  # there is nothing to guess
        if self._guesses.is_shut(station, TOKENS, at):
            return Judgement(Verdict.INVALID)
        if judgement.verdict in WRONG:
            self._guesses.count(station, TOKENS, at)
        return judgement

    async def is_limited(self, station: StationKey, ref: TokenRef) -> bool:
        """Whether it matters how many of its transactions run: to count is to ask the database."""
        token = await self.meant(station.tenant, ref)
        if token is None:
            return False
        book = await self._access.book(station.tenant)
        if token.concurrent_max is not None or not book.rules:
            return token.concurrent_max is not None
        places = await self._places.of(station, None, book.rules)
        return any(concurrent_max(book.rules, token, place) is not None for place in places)

    async def _answer_to_code(
        self, station: StationKey, judgement: Judgement, at: datetime
    ) -> Judgement:
        """C04.FR.06: who tries one code after the other waits longer and longer."""
        watched = await self._access.guard(station)
        if guard.is_shut(watched, at):
            return Judgement(Verdict.INVALID)
        is_right = judgement.verdict is not Verdict.INVALID
        if not is_right or watched.wrong:
            self._access.save_guard(guard.after(watched, at, is_right=is_right))
        return judgement

    async def find(self, tenant: TenantId, ref: TokenRef) -> Token | None:
        """By its uid, as people and programs name it, whatever its kind is."""
        for folded in ref.spellings:
            if token := await self._store.get(tenant, folded):
                return token
        return None

    async def meant(self, tenant: TenantId, ref: TokenRef) -> Token | None:
        """The one that a station means."""
        token = await self.find(tenant, ref)
        return token if token is not None and token.is_meant(ref) else None

    async def add(self, token: Token) -> Token:
        uid = token.uid.strip()
        if not uid or len(uid) > UID_LENGTH_MAX:
            raise InvalidError(f"a token's uid has 1 to {UID_LENGTH_MAX} characters")
        if token.kind is TokenKind.NO_AUTHORIZATION:
            raise InvalidError("a start button needs no token: it may always charge")
        if token.kind is TokenKind.EMAID:
            uid = emaid_in(uid) or uid
        if await self.find(token.tenant, TokenRef(uid, token.kind)):
            raise ConflictError(f"the token {uid} is there already; change it instead")
        added = replace(token, uid=uid, treatment=checked_treatment(token.treatment))
        self._store.save(added)
        self._announce(TokenChanged(added.shown, token.status))
        await self._lists.call(token.tenant, added)
        return added

    async def change(self, tenant: TenantId, uid: str, changes: TokenChanges) -> Token:
        token = await self._known(tenant, uid)
        changed = replace(
            token,
            status=changes.status or token.status,
            group=token.group if changes.group is None else (changes.group or None),
            label=token.label if changes.label is None else changes.label,
            expires_at=None if changes.never_expires else changes.expires_at or token.expires_at,
            concurrent_max=(
                None if changes.any_number else changes.concurrent_max or token.concurrent_max
            ),
            kind=changes.kind or token.kind,
            tariff=token.tariff if changes.tariff is None else (changes.tariff or None),
            credit=(
                None if changes.pays_later else _first(checked_credit(changes.credit), token.credit)
            ),
            treatment=(
                token.treatment
                if changes.treatment is None
                else checked_treatment(changes.treatment)
            ),
        )
        self._store.save(changed)
        self._announce(TokenChanged(changed.shown, changed.status))
        await self._lists.call(tenant, token, changed)
        return changed

    async def remove(self, tenant: TenantId, uid: str) -> Token:
        """Returns what it was."""
        token = await self._known(tenant, uid)
        self._store.remove(token)
        self._announce(TokenChanged(token.shown, None))
        await self._lists.call(tenant, token)
        return token

    async def spend(self, tenant: TenantId, ref: TokenRef, amount: Decimal) -> None:
        """Take from a token's credit what was charged with it; a negative amount goes back. C17"""
        token = await self.meant(tenant, ref)
        if token is not None and token.credit is not None:
            self._store.save(replace(token, credit=token.credit - amount))
            self._announce(TokenChanged(token.shown, token.status))

    async def desk(self, tenant: TenantId, at: datetime) -> TokenRef:
        """The operator's own token, made when it is first needed."""
        if await self._store.get(tenant, DESK.folded) is None:
            self._store.save(
                Token(
                    tenant,
                    DESK.uid,
                    TokenKind.CENTRAL,
                    TokenStatus.ACTIVE,
                    created_at=at,
                    label="Dashboard",
                )
            )
        return DESK

    async def _known(self, tenant: TenantId, uid: str) -> Token:
        token = await self.find(tenant, TokenRef(uid))
        if token is None:
            raise NotFoundError(f"there is no token {uid}")
        return token


def checked_treatment(treatment: Treatment) -> Treatment:
    """
    Raises:
        InvalidError: no station could do that.
    """
    language, second = treatment.language or None, treatment.second_language or None
    if second and not language:
        raise InvalidError("a second language needs a first one")  # C01.FR.10
    if second and language and second.casefold() == language.casefold():
        raise InvalidError("the second language is the first one again")  # C01.FR.11
    if any(len(each or "") > LANGUAGE_MAX for each in (language, second)):
        raise InvalidError("a language is written like en or en-US")
    if len(treatment.message or "") > MESSAGE_MAX:
        raise InvalidError(f"a message to the driver has at most {MESSAGE_MAX} characters")
    if abs(treatment.priority or 0) > PRIORITY_MAX:
        raise InvalidError(f"a priority is from -{PRIORITY_MAX} to {PRIORITY_MAX}")
    return replace(
        treatment, language=language, second_language=second, message=treatment.message or None
    )


def checked_credit(credit: Decimal | None) -> Decimal | None:
    if credit is not None and not (credit.is_finite() and abs(credit) <= CREDIT_MAX):
        raise InvalidError(f"credit is a number of at most {CREDIT_MAX}")
    return credit


def _first(changed: Decimal | None, known: Decimal | None) -> Decimal | None:
    return known if changed is None else changed
