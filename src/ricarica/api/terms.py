"""What few transactions have besides: limits, other prices, what the station counted itself."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from litestar import get, post, put
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, Caller, require
from ricarica.api.commands import CommandReply
from ricarica.api.gate import needs
from ricarica.api.limits import LimitsBody, limits_body, limits_from
from ricarica.api.replies import Page, page_of, plain_or_none
from ricarica.api.telling import tell_all
from ricarica.kernel.ids import TariffId, TransactionId
from ricarica.slices import Slices
from ricarica.transactions.commands import CheckTransaction
from ricarica.transactions.model import Transaction
from ricarica.transactions.queries.listing import TransactionQueries
from ricarica.transactions.readings import Context
from ricarica.transactions.terms import NO_TERMS, CountedAs, CountedCost, LimitKind

PATH = "/transactions/{transaction:str}"


class CountedReply(Struct, frozen=True):
    """What the station came to. `failure` says why it could not count everything."""

    at: datetime
    currency: str
    excl: Decimal | None
    incl: Decimal | None
    counted_as: CountedAs
    energy_wh: Decimal | None
    charging_s: int
    idle_s: int
    failure: str | None


class CheckReply(Struct, frozen=True):
    at: datetime
    ongoing: bool | None
    queued: bool


class TermsReply(Struct, frozen=True):
    """`kept`: the limits that the station said it sees to itself; the others are seen to here.

    `tariff`: the name of the prices by which the station counts. `told`: in the station's words.
    """

    wanted: LimitsBody | None
    kept: LimitsBody | None
    stopped_for: LimitKind | None
    tariff: str | None
    counted: CountedReply | None
    payment: str | None
    check: CheckReply | None
    told: dict[str, str]


class ChosenTariffBody(Struct, frozen=True, forbid_unknown_fields=True):
    tariff: str


class SignedReply(Struct, frozen=True):
    """`data` as the meter signed it."""

    at: datetime
    context: Context
    method: str
    encoding: str
    data: str
    public_key: str | None


@get(f"{PATH}/terms", opt=needs(Permission.READ), tags=["Transactions"])
async def get_terms(caller: Asking, transaction: FromPath[str]) -> TermsReply:
    """Its limits, and what the station said of costs."""
    return terms_reply(await _transaction(caller, transaction))


@put(f"{PATH}/limits", opt=needs(Permission.COMMAND), tags=["Transactions"])
async def set_limits(
    caller: Asking, transaction: FromPath[str], data: JSONBody[LimitsBody]
) -> TermsReply:
    """Set limits of a running transaction, or change them; those left out stay as they are.

    A station of 2.1 is told with its next event; for all others they are seen to here.
    """

    async def change(slices: Slices) -> TermsReply:
        changed = await slices.watching.limit(
            caller.tenant, TransactionId(transaction), limits_from(data), slices.now
        )
        caller.audit(slices, "transaction.limit", f"transaction:{transaction}")
        return terms_reply(changed)

    return await caller.carry_out(change)


@put(f"{PATH}/tariff", opt=needs(Permission.EDIT_TARIFFS), tags=["Transactions"])
async def change_prices(
    caller: Asking, transaction: FromPath[str], data: JSONBody[ChosenTariffBody]
) -> TermsReply:
    """From now on other prices hold for a running transaction; its driver is told."""

    async def change(slices: Slices) -> TermsReply:
        changed = await slices.watching.change_prices(
            caller.tenant, TransactionId(transaction), TariffId(data.tariff), slices.now
        )
        subject = f"transaction:{transaction}"
        caller.audit(slices, "transaction.prices", subject, tariff=data.tariff)
        return terms_reply(changed)

    return await caller.carry_out(change)


@post(f"{PATH}/check", status_code=200, opt=needs(Permission.COMMAND), tags=["Transactions"])
async def check_transaction(caller: Asking, transaction: FromPath[str]) -> CommandReply:
    """Ask the station whether it still runs. One that it knows no more of is closed."""
    known = await _transaction(caller, transaction)
    command = CheckTransaction(known.ref)
    detail = {"transaction": transaction}
    return await caller.once_outside(
        CommandReply, lambda: tell_all(caller, known.station, "check", [command], detail)
    )


@get(f"{PATH}/signed-readings", opt=needs(Permission.READ), tags=["Transactions"])
async def list_signed(caller: Asking, transaction: FromPath[str]) -> Page[SignedReply]:
    """What meters signed of it, as it came, oldest first."""
    known = await _transaction(caller, transaction)
    found = await TransactionQueries(caller.database).signed(known)
    return page_of(
        SignedReply(each.at, each.context, each.method, each.encoding, each.data, each.public_key)
        for each in found
    )


HANDLERS = (get_terms, set_limits, change_prices, check_transaction, list_signed)


def terms_reply(transaction: Transaction) -> TermsReply:
    terms = transaction.terms or NO_TERMS
    check = terms.check
    return TermsReply(
        limits_body(terms.limits),
        limits_body(terms.kept),
        terms.stopped_for,
        terms.tariff,
        _counted(terms.counted) if terms.counted else None,
        terms.payment,
        CheckReply(check.at, check.ongoing, check.queued) if check else None,
        terms.told,
    )


def _counted(counted: CountedCost) -> CountedReply:
    return CountedReply(
        counted.at,
        counted.currency,
        plain_or_none(counted.total.excl),
        plain_or_none(counted.total.incl),
        counted.counted_as,
        plain_or_none(counted.energy_wh),
        int(counted.charging.total_seconds()),
        int(counted.idle.total_seconds()),
        counted.failure,
    )


async def _transaction(caller: Caller, transaction: str) -> Transaction:
    found: dict[TransactionId, Any] = dict(
        await TransactionQueries(caller.database).by_ids(
            caller.tenant, [TransactionId(transaction)]
        )
    )
    view = require(found.get(TransactionId(transaction)), f"transaction {transaction}")
    known: Transaction = view.transaction
    return known
