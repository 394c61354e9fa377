"""A token, the rules, and where and when it is shown: the verdict. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ricarica.authorization.book import AccessBook
from ricarica.authorization.model import (
    Judgement,
    Occasion,
    Token,
    TokenKind,
    TokenRef,
    Verdict,
    judge,
)
from ricarica.authorization.rules import (
    AccessRule,
    Permit,
    Place,
    choose,
    concerns,
    concurrent_max,
    permit,
)
from ricarica.certificates.model import ContractStatus
from ricarica.kernel.ids import EvseNumber

BY_CONTRACT = {
    ContractStatus.EXPIRED: Verdict.EXPIRED,  # C07.FR.15
    ContractStatus.REVOKED: Verdict.INVALID,  # C07.FR.16
    ContractStatus.CHAIN_ERROR: Verdict.INVALID,  # C07.FR.17
    ContractStatus.SIGNATURE_ERROR: Verdict.INVALID,
}


def of_stranger(ref: TokenRef, book: AccessBook) -> Judgement:
    """A token that nobody has registered."""
    if book.accepts_unknown(ref.kind):
        return Judgement(Verdict.ACCEPTED)
    # C04.FR.01: a code is right or wrong, and which there are is nobody's business.
    is_code = ref.kind is TokenKind.KEY_CODE
    return Judgement(Verdict.INVALID if is_code else Verdict.UNKNOWN)


def of_token(
    token: Token, ref: TokenRef, book: AccessBook, occasion: Occasion, places: Sequence[Place]
) -> Judgement:
    """`places`: the EVSEs that it may be about, or the station where they make no difference."""
    # C04.FR.02: a code is judged as any other token
    limit = concurrent_max(book.rules, token, places[0])
    plain = judge(replace(token, concurrent_max=limit), ref, occasion.at, running=occasion.running)
    is_master = book.is_master(token.group)
    if plain.verdict is not Verdict.ACCEPTED:
        return plain
    if is_master:
        # C16.FR.03
        verdict = Verdict.INVALID if occasion.begins else Verdict.ACCEPTED
        return replace(plain, verdict=verdict, is_master=True)
    said, evses = _said(book.rules, token, places, occasion.at)
    if said.verdict is not Verdict.ACCEPTED:
        return replace(plain, verdict=said.verdict)
    return replace(plain, evses=evses, expires_at=_earlier(plain.expires_at, said.until))


def _said(
    rules: Sequence[AccessRule], token: Token, places: Sequence[Place], at: datetime
) -> tuple[Permit, tuple[EvseNumber, ...]]:
    if not rules:
        return Permit(Verdict.ACCEPTED), ()
    if len(places) == 1:
        return permit(rules, token, places[0], at), ()
    return choose(
        [(place.evse or EvseNumber(0), permit(rules, token, place, at)) for place in places]
    )


def tells_evses_apart(rules: Sequence[AccessRule], place: Place) -> bool:
    """Whether it matters at which EVSE of the station somebody charges."""
    return any(
        (rule.where.evse is not None or rule.where.current is not None) and concerns(rule, place)
        for rule in rules
        if rule.is_on
    )


def with_contract(
    judgement: Judgement, contract: ContractStatus, *, is_named: bool = False
) -> Judgement:
    """What a look into the contract's certificates makes of it. C07.FR.13-17"""
    verdict = BY_CONTRACT.get(contract, judgement.verdict)
    is_proven = is_named and contract is ContractStatus.ACCEPTED
    return replace(judgement, verdict=verdict, contract=contract, is_proven=is_proven)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(filter(None, (one, other)), default=None)
