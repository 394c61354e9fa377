"""/stations/{id}/money: its prices, payments and slots; and what drivers see of payments."""

from datetime import timedelta
from decimal import Decimal

from litestar import get, post
from litestar.params import FromPath

from ricarica.access.model import Permission, system_actor
from ricarica.billing.model import WebPayments
from ricarica.billing.queries import BillingQueries, PaymentFilter
from ricarica.engine.paying import web_settings
from ricarica.kernel.errors import InvalidError, NotFoundError, RicaricaError
from ricarica.kernel.ids import DEFAULT_TENANT, StationKey, TransactionId
from ricarica.kernel.slashes import name_in
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome
from ricarica.storage.pages import Wanted
from ricarica.tariffs.commands import GetPlans, SetDefaultPlan
from ricarica.tariffs.queries import TariffQueries
from ricarica.tariffs.texts import text_of
from ricarica.transactions.commands import CheckTransaction
from ricarica.transactions.model import Flag
from ricarica.transactions.queries.listing import TransactionQueries, TransactionView
from ricarica.transactions.queries.live import LiveStation
from ricarica.transactions.terms import NO_TERMS, Limits
from ricarica.web.addresses import path_to
from ricarica.web.builders.stations import head_from
from ricarica.web.pages.station import live_station, tariff_of, told
from ricarica.web.pages.swaps import slots_of
from ricarica.web.sessions import needs
from ricarica.web.typed import Form, count_in, number_in
from ricarica.web.views.commands import Command, CommandOutcome
from ricarica.web.views.money import PayPage, ReceiptPage, StationMoneyPage
from ricarica.web.views.terms import TransactionTerms
from ricarica.web.views.visit import Notice
from ricarica.web.visitor import Html, Visiting, Visitor

RECENT = Wanted(10)
SECRET_LENGTH = 24  # characters of a secret that we make for a station
USUAL_VALIDITY_S = 30  # of a code on a display
WATTS_PER_KILOWATT = 1000
STRANGER = system_actor(DEFAULT_TENANT)  # a driver whom nobody here knows


@get("/stations/{station:str}/money", opt=needs(Permission.READ))
async def station_money(visitor: Visiting, station: FromPath[str]) -> Html:
    return await visitor.show(await _page(visitor, await live_station(visitor, station)))


@post("/stations/{station:str}/money/counting", opt=needs(Permission.EDIT_TARIFFS))
async def set_counting(visitor: Visiting, station: FromPath[str]) -> Html:
    key = (await live_station(visitor, station)).view.station.key
    counts = visitor.form.get("counts") == "yes"

    async def change(slices: Slices) -> None:
        await slices.station_plans.let_count(key, counts=counts)
        visitor.audit(slices, "station.counts-costs", f"station:{key.station}", counts=counts)

    await visitor.carry_out(change)
    return visitor.lead_to(path_to("stations", key.station, "money"), Notice.STATION_SAVED)


@post("/stations/{station:str}/money/read", opt=needs(Permission.COMMAND))
async def read_prices(visitor: Visiting, station: FromPath[str]) -> Html:
    key = (await live_station(visitor, station)).view.station.key
    result = await told(visitor, key, "read-tariffs", GetPlans(), {})
    return visitor.part(
        CommandOutcome(Command.TRIGGER, result.outcome, result.status, result.detail)
    )


@post("/stations/{station:str}/money/page", opt=needs(Permission.EDIT_STATIONS))
async def set_page(visitor: Visiting, station: FromPath[str]) -> Html:
    """What the station shows is decided, and told it."""
    live = await live_station(visitor, station)
    try:
        await _set_page(visitor, live.view.station.key)
    except InvalidError as error:
        return await visitor.show(await _page(visitor, live, str(error)), status=422)
    return visitor.lead_to(
        path_to("stations", live.view.station.key.station, "money"), Notice.STATION_SAVED
    )


@post("/transactions/{transaction:str}/limits", opt=needs(Permission.COMMAND))
async def set_limits(visitor: Visiting, transaction: FromPath[str]) -> Html:
    id = TransactionId(name_in(transaction))
    limits = _limits(visitor)

    async def change(slices: Slices) -> None:
        await slices.watching.limit(visitor.tenant, id, limits, slices.now)
        visitor.audit(slices, "transaction.limit", f"transaction:{id}")

    await visitor.carry_out(change)
    return visitor.lead_to(path_to("transactions", id))


@post("/transactions/{transaction:str}/check", opt=needs(Permission.COMMAND))
async def check(visitor: Visiting, transaction: FromPath[str]) -> Html:
    """Answered when the station has answered."""
    id = TransactionId(name_in(transaction))
    view = (await TransactionQueries(visitor.database).by_ids(visitor.tenant, [id])).get(id)
    if view is None:
        raise NotFoundError(f"there is no transaction {id}")
    known = view.transaction
    detail = {"transaction": id}
    result = await told(visitor, known.station, "check", CheckTransaction(known.ref), detail)
    said = [
        f"{name}: {'yes' if value else 'no'}"
        for name, value in result.answer.items()
        if value is not None
    ]
    text = ", ".join(said) or result.detail
    return visitor.part(CommandOutcome(Command.TRIGGER, result.outcome, result.status, text))


@get("/receipts/{secret:str}")
async def receipt(visitor: Visiting, secret: FromPath[str]) -> Html:
    """For whoever has the address: nobody can guess it."""
    payment = await BillingQueries(visitor.database).by_secret(secret)
    if payment is None:
        raise NotFoundError("there is no such receipt")
    if payment.transaction is None:
        return await visitor.show(ReceiptPage(payment))
    found = await TransactionQueries(visitor.database).by_ids(
        payment.station.tenant, [payment.transaction]
    )
    view = found.get(payment.transaction)
    if view is None:
        return await visitor.show(ReceiptPage(payment))
    charged = view.transaction
    return await visitor.show(
        ReceiptPage(payment, charged.energy.energy_wh, charged.started_at, charged.ended_at)
    )


@get("/pay")
async def pay(visitor: Visiting) -> Html:
    """C25: where a code on a station's display leads to. What proves nothing leads nowhere."""
    query = visitor.query
    engine = visitor.house.engine
    key = await engine.carry_out(
        STRANGER,
        lambda slices: slices.stations.resolve(DEFAULT_TENANT, query.get("station", "")),
    )
    is_fresh = await engine.carry_out(
        STRANGER,
        lambda slices: slices.billing.is_fresh(key, query.get("totp"), slices.now),
    )
    if not is_fresh:
        return await visitor.show(PayPage(key.station, is_fresh=False), status=403)  # C25.FR.08
    # C25.FR.09
    price = await engine.carry_out(STRANGER, lambda slices: _price(slices, key, visitor))
    return await visitor.show(
        PayPage(key.station, True, query.get("evse"), price, _asked_limits(visitor))
    )


HANDLERS = (
    station_money,
    set_counting,
    read_prices,
    set_page,
    set_limits,
    check,
    receipt,
    pay,
)


async def terms_of(
    visitor: Visitor, view: TransactionView, dialect: str | None
) -> TransactionTerms:
    """What few transactions have besides."""
    transaction = view.transaction
    terms = transaction.terms or NO_TERMS
    sayable = visitor.house.engine.commands.sayable(dialect or "")
    may_act = transaction.is_running and visitor.may(Permission.COMMAND)
    payment = None
    if terms.payment is not None:
        payment = await BillingQueries(visitor.database).of_transaction(
            visitor.tenant, transaction.id
        )
    return TransactionTerms(
        terms.limits,
        terms.kept,
        terms.stopped_for,
        terms.counted,
        Flag.COST_DIFFERS not in transaction.flags,
        payment,
        len(await TransactionQueries(visitor.database).signed(transaction)),
        transaction.currency,
        may_limit=may_act,
        may_check=may_act and view.connected and CheckTransaction in sayable,
    )


async def _page(visitor: Visitor, live: LiveStation, error: str | None = None) -> StationMoneyPage:
    station = live.view.station
    billing = BillingQueries(visitor.database)
    found = await billing.payments(
        visitor.tenant, PaymentFilter(station=station.key.station), RECENT
    )
    sayable = visitor.house.engine.commands.sayable(station.dialect or "")
    return StationMoneyPage(
        head_from(live.view),
        await TariffQueries(visitor.database).plans(station.key),
        await tariff_of(visitor, live),
        SetDefaultPlan in sayable,
        await billing.web(station.key),
        tuple(found.items),
        await slots_of(visitor, live),
        may_edit=visitor.may(Permission.EDIT_STATIONS),
        may_command=station.connected and visitor.may(Permission.COMMAND),
        error=error,
    )


async def _set_page(visitor: Visitor, key: StationKey) -> None:
    form = visitor.form
    is_dynamic = form.get("kind") == "dynamic"
    secret = visitor.house.ids.secret()[:SECRET_LENGTH] if is_dynamic else None
    validity = count_in(form, "validity") or USUAL_VALIDITY_S
    web = WebPayments(
        key,
        form.get("template", "").strip(),
        visitor.now,
        secret,
        timedelta(seconds=validity),
        is_on=form.get("on") == "yes",
    )

    async def change(slices: Slices) -> None:
        await slices.billing.set_web(web)
        visitor.audit(slices, "station.web-payments", f"station:{key.station}")

    await visitor.carry_out(change)
    for setting in web_settings(web):
        result = await told(visitor, key, "web-payments", setting, {"name": setting.name})
        if result.outcome is not Outcome.ACCEPTED:
            why = result.detail or result.status or ""
            raise InvalidError(f"{setting.name}: {result.outcome} {why}".strip())


async def _price(slices: Slices, key: StationKey, visitor: Visitor) -> str | None:
    try:
        tariff = await slices.station_plans.in_force(key)
    except RicaricaError:
        return None
    return text_of(tariff.prices, visitor.language).content if tariff else None


def _limits(visitor: Visitor) -> Limits:
    form = visitor.form
    minutes, kwh = count_in(form, "minutes", least=0), _limit(form, "kwh")
    return Limits(
        _limit(form, "cost"),
        None if kwh is None else Decimal(f"{(kwh * WATTS_PER_KILOWATT).normalize():f}"),
        timedelta(minutes=minutes) if minutes else None,
        count_in(form, "soc", most=100),
    )


def _asked_limits(visitor: Visitor) -> Limits | None:
    """C25.FR.59"""
    query = visitor.query
    seconds = _limit(query, "maxtime")
    limits = Limits(
        _limit(query, "maxcost"),
        _limit(query, "maxenergy"),
        timedelta(seconds=int(seconds)) if seconds else None,
    )
    return limits if limits.kinds else None


def _limit(form: Form, name: str) -> Decimal | None:
    """Nothing, and nought, limit nothing."""
    return number_in(form, name, least=Decimal(0)) or None
