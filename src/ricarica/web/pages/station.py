"""/stations/{id}: one station, its parts that stay live, and what it is told."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from litestar import get, post
from litestar.params import FromPath
from msgspec import json, to_builtins

from ricarica.access.model import Permission
from ricarica.engine.queries.messages import MessageQueries
from ricarica.kernel.errors import ConflictError, InvalidError, NotFoundError
from ricarica.kernel.ids import StationKey, TransactionId
from ricarica.kernel.slashes import name_in
from ricarica.stations.commands import Outcome, Result
from ricarica.storage.pages import Wanted
from ricarica.tariffs.queries import TariffQueries
from ricarica.transactions.commands import StartCharging, StopCharging
from ricarica.transactions.queries.listing import TransactionFilter, TransactionQueries
from ricarica.transactions.queries.live import LiveQueries, LiveStation
from ricarica.transactions.readings import Measurand
from ricarica.web.builders.commands import AUDITED_AS, commands_from, orders_from, saying_of
from ricarica.web.builders.quirks import quirks_from
from ricarica.web.builders.stations import evses_from, facts_from, head_from
from ricarica.web.builders.transactions import row_from as transaction_row
from ricarica.web.builders.transactions import totals
from ricarica.web.kept import keep, keep_for
from ricarica.web.pages.choices import tokens_of
from ricarica.web.pages.messages import log_of
from ricarica.web.sessions import needs
from ricarica.web.views.commands import CATALOGUE, Command, CommandOutcome, Commands
from ricarica.web.views.stations import StationEvses, StationPage
from ricarica.web.visitor import Html, Visiting, Visitor

RECENT = Wanted(6)  # transactions beside the log; the list has all
RECENT_MESSAGES = 10
CURVE = timedelta(minutes=15)
QUIRKS_DAYS = 7
ANSWER_MAX = 20_000  # characters of an answer; the log of messages has it whole


@get("/stations/{station:str}", opt=needs(Permission.READ))
async def station_page(visitor: Visiting, station: FromPath[str]) -> Html:
    live = await live_station(visitor, station)
    key = live.view.station.key
    recent = await TransactionQueries(visitor.database).transactions(
        visitor.tenant, TransactionFilter(station=key.station), RECENT
    )
    page = StationPage(
        head_from(live.view),
        await _evses(visitor, live),
        facts_from(live.view, await tariff_of(visitor, live)),
        await commands_of(visitor, live),
        await log_of(visitor, key, {}, RECENT_MESSAGES),
        tuple(transaction_row(view) for view in recent.items),
    )
    return await visitor.show(page)


@get("/fragments/stations/{station:str}/head", opt=needs(Permission.READ))
async def head_part(visitor: Visiting, station: FromPath[str]) -> Html:
    return visitor.part(head_from((await live_station(visitor, station)).view))


@get("/fragments/stations/{station:str}/evses", opt=needs(Permission.READ))
async def evses_part(visitor: Visiting, station: FromPath[str]) -> Html:
    return visitor.part(await _evses(visitor, await live_station(visitor, station)))


@get("/fragments/stations/{station:str}/quirks", opt=needs(Permission.READ))
async def quirks_part(visitor: Visiting, station: FromPath[str]) -> Html:
    known = (await live_station(visitor, station)).view.station
    since = visitor.now - timedelta(days=QUIRKS_DAYS)
    mended = await MessageQueries(visitor.database).mended(known.key, since)
    return visitor.part(quirks_from(known, mended, QUIRKS_DAYS))


@post("/stations/{station:str}/commands/{command:str}", opt=needs(Permission.COMMAND))
async def tell(visitor: Visiting, station: FromPath[str], command: FromPath[str]) -> Html:
    """Answered when the station has answered, or has not for too long."""
    if command not in set(Command):
        raise NotFoundError(f"there is no command {command}")
    key = (await live_station(visitor, station)).view.station.key
    return visitor.part(await _outcome(visitor, key, Command(command)))


HANDLERS = (station_page, head_part, evses_part, quirks_part, tell)


async def live_station(visitor: Visitor, part: str) -> LiveStation:
    """
    Raises:
        NotFoundError: there is no such station.
    """
    identity = name_in(part)
    live = await LiveQueries(visitor.database).station(visitor.tenant, identity)
    if live is None:
        raise NotFoundError(f"there is no station {identity}")
    return live


async def commands_of(visitor: Visitor, live: LiveStation) -> Commands:
    dialect = live.view.station.dialect or ""
    telling = visitor.house.engine.commands
    may_act = visitor.may(Permission.COMMAND)
    return commands_from(
        live,
        telling.sayable(dialect),
        may_act=may_act,
        resets_when_idle=telling.resets_when_idle(dialect),
        topics=telling.topics(dialect),
        tokens=await tokens_of(visitor) if may_act else (),
    )


async def _evses(visitor: Visitor, live: LiveStation) -> StationEvses:
    can_act = live.view.station.connected and visitor.may(Permission.COMMAND)
    sayable = visitor.house.engine.commands.sayable(live.view.station.dialect or "")
    return evses_from(
        live,
        await _powers(visitor, live),
        can_start=can_act and StartCharging in sayable,
        can_stop=can_act and StopCharging in sayable,
    )


async def _powers(visitor: Visitor, live: LiveStation) -> dict[TransactionId, tuple[Decimal, ...]]:
    """The last minutes of each transaction that runs at an EVSE."""
    queries = TransactionQueries(visitor.database)
    since = visitor.now - CURVE
    powers: dict[TransactionId, tuple[Decimal, ...]] = {}
    for evse in live.evses:
        if evse.transaction is not None:
            power = Measurand.POWER_ACTIVE_IMPORT
            readings = await queries.readings(evse.transaction, [power], since)
            by_time = sorted(totals(readings, power).items())
            powers[evse.transaction.id] = tuple(value for _, value in by_time)
    return powers


async def tariff_of(visitor: Visitor, live: LiveStation) -> str | None:
    """The one that holds at the station: its own, its site's, or the default."""
    station, site = live.view.station, live.view.site
    candidates = (station.tariff, site.tariff if site else None)
    queries = TariffQueries(visitor.database)
    for candidate in filter(None, candidates):
        if (tariff := await queries.tariff(visitor.tenant, candidate)) is not None:
            return tariff.name
    every = await queries.tariffs(visitor.tenant)
    return next((tariff.name for tariff in every.items if tariff.is_default), None)


# -- telling


async def _outcome(visitor: Visitor, key: StationKey, command: Command) -> CommandOutcome:
    try:
        orders = await visitor.carry_out(
            lambda slices: orders_from(command, visitor.form, slices, key)
        )
    except (InvalidError, ConflictError, NotFoundError) as error:
        return CommandOutcome(command, Outcome.UNREACHED, error=str(error))
    began, name = visitor.house.now(), AUDITED_AS.get(command, command.value)
    results = [await told(visitor, key, name, order) for order in orders]
    failed = [each for each in results if each.outcome is not Outcome.ACCEPTED]
    result = [*failed, *results][0]
    away = keep_for(visitor)
    if result.outcome is Outcome.UNREACHED and away and CATALOGUE[command].may_wait:
        until = visitor.now + away
        await keep(visitor, key, saying_of(name, visitor.form, orders), until)
        return CommandOutcome(command, result.outcome, kept_until=until)
    took = visitor.house.now() - began
    return CommandOutcome(
        command,
        result.outcome,
        result.status,
        result.detail,
        answer_json=_answer(result),
        took_ms=round(took.total_seconds() * 1000),
        waited=result.waited,
    )


async def told(
    visitor: Visitor,
    key: StationKey,
    name: str,
    command: object,
    detail: Mapping[str, object] | None = None,
) -> Result:
    """Tell a station something, and write down who did.

    `detail` is what the audit log keeps of the command, if that is not all of it.
    """
    result = await visitor.tell(key, command)
    said = to_builtins(command) if detail is None else detail
    await visitor.note(key, name, result.outcome, said)
    return result


def _answer(result: Result) -> str | None:
    if not result.answer:
        return None
    return json.encode(result.answer).decode()[:ANSWER_MAX]
