"""/transactions: what was charged, when and by whom."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import Struct, structs

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, OfStation, require
from ricarica.api.gate import needs
from ricarica.api.replies import (
    Amount,
    Instant,
    Page,
    PageWanted,
    amount_from,
    page_from,
    page_of,
    plain,
    plain_or_none,
    zoned,
)
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import TransactionId
from ricarica.tariffs.model import Cost, LineKind
from ricarica.transactions.model import ChargingState, Entry, EntryKind, Flag
from ricarica.transactions.queries.listing import (
    TransactionFilter,
    TransactionQueries,
    TransactionView,
)
from ricarica.transactions.readings import Context, Measurand, Reading, exported_in


class TransactionReply(Struct, frozen=True):
    """`cost` includes VAT; it is null where no tariff applies. `ref` is the station's name for it.

    `complete`: its start, its end and everything between were told. `flags` say why someone
    should look at it.
    """

    id: str
    station: str
    evse: int
    connector: int | None
    token: str | None
    group: str | None
    started_at: datetime
    ended_at: datetime | None
    running: bool
    energy_wh: Decimal
    cost: Amount | None
    power_w: Decimal | None
    soc_percent: Decimal | None
    charging_state: ChargingState | None
    verdict: str | None
    end_reason: str | None
    complete: bool
    flags: list[Flag]
    register_start_wh: Decimal | None
    register_stop_wh: Decimal | None
    ref: str
    site: str | None
    received_at: datetime
    updated_at: datetime | None


class ReadingReply(Struct, frozen=True):
    """In base units: Wh, W, A, V, %, °C. `measurand` is lower-case, `name` a station's own."""

    at: datetime
    measurand: str
    value: Decimal
    phase: str | None
    context: Context
    location: str
    name: str | None


class EntryReply(Struct, frozen=True):
    """`at` is by the station's clock, `received_at` by ours."""

    at: datetime
    received_at: datetime
    kind: EntryKind
    seq_no: int | None
    trigger: str | None
    charging_state: ChargingState | None
    offline: bool
    detail: str | None


class CostLineReply(Struct, frozen=True):
    kind: LineKind
    quantity: Decimal
    unit: str
    price: Decimal
    excl: Decimal


class CostReply(Struct, frozen=True):
    """Exact, before rounding. `lines` are without VAT."""

    currency: str
    lines: list[CostLineReply]
    excl: Decimal
    vat: Decimal
    incl: Decimal


class TransactionDetailReply(TransactionReply, frozen=True, kw_only=True):
    """`exported_wh`: what flowed back to the grid; null: the station told nothing of it."""

    exported_wh: Decimal | None
    costs: CostReply | None
    events: list[EntryReply]
    readings: list[ReadingReply]


class Period(Struct, frozen=True):
    since: datetime | None
    until: datetime | None


def period(
    since: Annotated[Instant | None, QueryParameter(description="Started then or later.")] = None,
    until: Annotated[Instant | None, QueryParameter(description="Started before.")] = None,
) -> Period:
    zoned(since=since, until=until)
    return Period(since, until)


def transaction_filter(
    between: NamedDependency[Period],
    of_station: OfStation,
    token: FromQuery[str | None] = None,
    running: FromQuery[bool | None] = None,
    flagged: FromQuery[bool | None] = None,
) -> TransactionFilter:
    return TransactionFilter(
        station=of_station,
        token=token,
        running=running,
        flagged=flagged,
        since=between.since,
        until=between.until,
    )


@get(
    "/transactions",
    opt=needs(Permission.READ),
    tags=["Transactions"],
    dependencies={
        "between": Provide(period, sync_to_thread=False),
        "which": Provide(transaction_filter, sync_to_thread=False),
    },
)
async def list_transactions(
    caller: Asking, which: NamedDependency[TransactionFilter], page: PageWanted
) -> Page[TransactionReply]:
    """Transactions, the latest first."""
    queries = TransactionQueries(caller.database)
    return page_from(await queries.transactions(caller.tenant, which, page), transaction_reply)


@get("/transactions/{transaction:str}", opt=needs(Permission.READ), tags=["Transactions"])
async def get_transaction(caller: Asking, transaction: FromPath[str]) -> TransactionDetailReply:
    """One transaction with its costs, its timeline and its readings."""
    queries = TransactionQueries(caller.database)
    found = await queries.transaction(caller.tenant, TransactionId(transaction))
    detail = require(found, f"transaction {transaction}")
    readings = await queries.readings(detail.view.transaction)
    return TransactionDetailReply(
        **structs.asdict(transaction_reply(detail.view)),
        exported_wh=plain_or_none(exported_in(readings)),
        costs=cost_reply(detail.cost) if detail.cost else None,
        events=[entry_reply(entry) for entry in detail.entries],
        readings=[reading_reply(reading) for reading in readings],
    )


@get("/transactions/{transaction:str}/readings", opt=needs(Permission.READ), tags=["Transactions"])
async def list_readings(
    caller: Asking,
    transaction: FromPath[str],
    measurand: Annotated[
        str | None, QueryParameter(description="E.g. `power_active_import,soc`.")
    ] = None,
    since: FromQuery[Instant | None] = None,
) -> Page[ReadingReply]:
    """Its readings, oldest first."""
    zoned(since=since)
    queries = TransactionQueries(caller.database)
    found = await queries.by_ids(caller.tenant, [TransactionId(transaction)])
    view = require(found.get(TransactionId(transaction)), f"transaction {transaction}")
    readings = await queries.readings(view.transaction, _measurands(measurand), since)
    return page_of(reading_reply(reading) for reading in readings)


HANDLERS = (list_transactions, get_transaction, list_readings)


def transaction_reply(view: TransactionView) -> TransactionReply:
    transaction = view.transaction
    return TransactionReply(
        id=transaction.id,
        station=transaction.station.station,
        evse=transaction.evse,
        connector=transaction.connector,
        token=transaction.token,
        group=transaction.group,
        started_at=transaction.started_at,
        ended_at=transaction.ended_at,
        running=transaction.is_running,
        energy_wh=plain(transaction.energy.energy_wh),
        cost=amount_from(transaction.cost_incl, transaction.currency),
        power_w=plain_or_none(transaction.power_w),
        soc_percent=plain_or_none(transaction.soc_percent),
        charging_state=transaction.charging_state,
        verdict=transaction.verdict,
        end_reason=transaction.end_reason,
        complete=transaction.is_complete,
        flags=sorted(transaction.flags),
        register_start_wh=plain_or_none(transaction.register_start_wh),
        register_stop_wh=plain_or_none(transaction.register_stop_wh),
        ref=transaction.ref,
        site=view.site,
        received_at=transaction.received_at,
        updated_at=transaction.updated_at,
    )


def reading_reply(reading: Reading) -> ReadingReply:
    return ReadingReply(
        reading.at,
        reading.measurand.name.lower(),
        plain(reading.value),
        reading.phase,
        reading.context,
        reading.location,
        reading.name,
    )


def entry_reply(entry: Entry) -> EntryReply:
    return EntryReply(
        entry.at,
        entry.received_at,
        entry.kind,
        entry.seq_no,
        entry.trigger,
        entry.charging_state,
        entry.offline,
        entry.detail,
    )


def cost_reply(cost: Cost) -> CostReply:
    lines = [
        CostLineReply(
            line.kind, plain(line.quantity), line.unit, plain(line.price), plain(line.excl)
        )
        for line in cost.lines
    ]
    return CostReply(cost.currency, lines, plain(cost.excl), plain(cost.vat), plain(cost.incl))


def _measurands(names: str | None) -> Collection[Measurand]:
    wanted = [name.strip().upper() for name in (names or "").split(",") if name.strip()]
    unknown = [name.lower() for name in wanted if name not in Measurand.__members__]
    if unknown:
        raise InvalidError(f"measurand: there is no {', '.join(unknown)}")
    return [Measurand[name] for name in wanted]
