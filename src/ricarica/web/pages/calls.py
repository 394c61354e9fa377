"""/stations/{id}/call: telling a station anything that its dialect has words for."""

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import get, post
from litestar.params import FromPath

from ricarica.access.model import Permission
from ricarica.engine import keeping
from ricarica.engine.commands import NUMBER, Call
from ricarica.engine.orders import FROM_AFAR, check_accepted
from ricarica.engine.outbox import DECODER
from ricarica.engine.queries.telling import KeptQueries, OfferQueries, ReportQueries, UpkeepQueries
from ricarica.engine.rights import check_names, check_right
from ricarica.engine.sayings import Saying, check_saying
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.errors import ConflictError, InvalidError, NotFoundError
from ricarica.kernel.ids import StationKey
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome
from ricarica.stations.model import Station
from ricarica.translation.offers import Offer, actions_of, schema_of
from ricarica.web.addresses import NumberInPath, path_to
from ricarica.web.builders.calls import (
    groups_from,
    json_of,
    kept_row,
    report_part,
    report_row,
    upkeep_row,
)
from ricarica.web.builders.schema_forms import form_of, payload_from
from ricarica.web.builders.stations import head_from
from ricarica.web.formats import zone_named
from ricarica.web.kept import keep, keep_for
from ricarica.web.pages.messages import station_view
from ricarica.web.sessions import needs
from ricarica.web.views.calls import (
    CallOutcome,
    CallPage,
    CallsPage,
    JsonText,
    ReportPage,
    ReportPart,
)
from ricarica.web.views.upkeep import StationUpkeep
from ricarica.web.views.visit import Notice
from ricarica.web.visitor import Html, Visiting, Visitor

CONTROLS = frozenset({"csrf_token", "once", "typed_in", "as", "json", "keep", "show"})


@get("/stations/{station:str}/call", opt=needs(Permission.READ))
async def calls_page(visitor: Visiting, station: FromPath[str]) -> Html:
    view = await station_view(visitor, station)
    key, now = view.station.key, visitor.now
    kept = await KeptQueries(visitor.database).kept(key)
    reports = await ReportQueries(visitor.database).reports(key)
    page = CallsPage(
        head_from(view),
        groups_from(await _offers(visitor, view.station)),
        await _upkeep(visitor, key),
        tuple(kept_row(each, now) for each in kept),
        tuple(report_row(each, now) for each in reports),
    )
    return await visitor.show(page)


@get("/stations/{station:str}/call/{action:str}", opt=needs(Permission.COMMAND))
async def call_page(visitor: Visiting, station: FromPath[str], action: FromPath[str]) -> Html:
    view = await station_view(visitor, station)
    schema = _schema(view.station, action)
    number = await visitor.carry_out(_wire_number)
    form = form_of(schema, {NUMBER: str(number)})
    begun = {NUMBER: number} if any(child.name == NUMBER for child in form.needed) else {}
    offers = await _offers(visitor, view.station)
    why_not = next((offer.why_not for offer in offers if offer.action == action), None)
    return await visitor.show(CallPage(head_from(view), action, form, json_of(begun), why_not))


@post("/stations/{station:str}/call/{action:str}", opt=needs(Permission.COMMAND))
async def call(visitor: Visiting, station: FromPath[str], action: FromPath[str]) -> Html:
    """Answered when the station has answered, or has not for too long."""
    check_right(visitor.actor, action)
    view = await station_view(visitor, station)
    schema = _schema(view.station, action)
    try:
        payload = _payload(visitor, schema)
    except InvalidError as error:
        typed = visitor.form.get("json", "")
        return visitor.part(CallOutcome(typed, error=str(error)))
    if visitor.form.get("show") == "json":
        return visitor.part(JsonText(json_of(payload)))
    try:
        outcome = await _called(visitor, view.station, Saying(action, payload))
    except (InvalidError, ConflictError) as error:
        outcome = CallOutcome(json_of(payload), error=str(error))
    return visitor.part(outcome)


@get("/stations/{station:str}/reports/{number:int}", opt=needs(Permission.READ))
async def report_page(visitor: Visiting, station: FromPath[str], number: NumberInPath) -> Html:
    view = await station_view(visitor, station)
    key = view.station.key
    report = await ReportQueries(visitor.database).report(key, number)
    if report is None:
        raise NotFoundError(f"there is no report {number} of {key.station}")
    page = ReportPage(
        head_from(view),
        await _report(visitor, key, number),
        report.asked_by,
        report.asked_at,
        report.request,
    )
    return await visitor.show(page)


@get("/fragments/stations/{station:str}/reports/{number:int}", opt=needs(Permission.READ))
async def report_fragment(visitor: Visiting, station: FromPath[str], number: NumberInPath) -> Html:
    key = (await station_view(visitor, station)).station.key
    return visitor.part(await _report(visitor, key, number))


@post("/stations/{station:str}/kept/{number:str}/cancel", opt=needs(Permission.COMMAND))
async def cancel_kept(visitor: Visiting, station: FromPath[str], number: FromPath[str]) -> Html:
    key = (await station_view(visitor, station)).station.key

    async def cancel(unit: UnitOfWork) -> None:
        await keeping.cancel(unit, key, number)
        visitor.audit(unit.slices, "station.cancel", f"station:{key.station}", command=number)

    await visitor.house.engine.in_order(key, cancel)
    return visitor.lead_to(path_to("stations", key.station, "call"), Notice.COMMAND_CANCELLED)


@post("/stations/{station:str}/upkeep", opt=needs(Permission.COMMAND))
async def try_again(visitor: Visiting, station: FromPath[str]) -> Html:
    key = (await station_view(visitor, station)).station.key

    async def note(slices: Slices) -> None:
        visitor.audit(slices, "station.upkeep", f"station:{key.station}")

    await visitor.carry_out(note)
    visitor.house.engine.bring(key, anew=True)
    return visitor.lead_to(path_to("stations", key.station, "call"), Notice.UPKEEP_BEGUN)


@get("/fragments/stations/{station:str}/upkeep", opt=needs(Permission.READ))
async def upkeep_fragment(visitor: Visiting, station: FromPath[str]) -> Html:
    key = (await station_view(visitor, station)).station.key
    return visitor.part(await _upkeep(visitor, key))


HANDLERS = (
    upkeep_fragment,
    calls_page,
    call_page,
    call,
    report_page,
    report_fragment,
    cancel_kept,
    try_again,
)


async def _upkeep(visitor: Visitor, key: StationKey) -> StationUpkeep:
    standings = await UpkeepQueries(visitor.database).standings(key)
    return StationUpkeep(key.station, tuple(map(upkeep_row, standings)))


async def _wire_number(slices: Slices) -> int:
    return slices.ids.wire_number()


async def _offers(visitor: Visitor, station: Station) -> tuple[Offer, ...]:
    if station.dialect is None:
        return ()
    return await OfferQueries(visitor.database).offers(station.key, station.dialect)


def _schema(station: Station, action: str) -> Mapping[str, Any]:
    if station.dialect is None or action not in actions_of(station.dialect):
        raise NotFoundError(f"{station.key.station} has no word for {action}")
    return schema_of(station.dialect, action)


def _payload(visitor: Visitor, schema: Mapping[str, Any]) -> dict[str, Any]:
    """
    Raises:
        InvalidError: it is no JSON object.
    """
    form = visitor.form
    if form.get("as") != "json":
        fields = {name: value for name, value in form.items() if name not in CONTROLS}
        return payload_from(schema, fields, zone_named(visitor.house.choices.time_zone))
    try:
        payload: dict[str, Any] = DECODER.decode(form.get("json") or "{}")
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InvalidError(f"the payload is a JSON object: {error}") from error
    return payload


async def _called(visitor: Visitor, station: Station, saying: Saying) -> CallOutcome:
    check_names(saying.name, saying.text)
    if saying.name in FROM_AFAR:
        check_accepted(station)
    key, began = station.key, visitor.house.now()
    by = visitor.actor.name
    called = await visitor.house.engine.commands.call(key, Call(saying.name, saying.text), by=by)
    result = called.result
    await visitor.note(key, saying.name, called.told.outcome, {"raw": False})
    sent = json_of(saying.body)
    away = keep_for(visitor)
    if result.outcome is Outcome.UNREACHED and away is not None:
        check_saying(saying, [station.dialect or ""])
        until = visitor.now + away
        await keep(visitor, key, saying, until)
        return CallOutcome(sent, kept_until=until)
    is_coming = called.report is not None and result.outcome is Outcome.ACCEPTED
    return CallOutcome(
        sent,
        result.outcome,
        result.status,
        result.detail,
        json_of(result.answer) if result.answer else None,
        round((visitor.house.now() - began).total_seconds() * 1000),
        await _report(visitor, key, called.report or 0) if is_coming else None,
        waited=result.waited,
    )


async def _report(visitor: Visitor, key: StationKey, number: int) -> ReportPart:
    queries = ReportQueries(visitor.database)
    report = await queries.report(key, number)
    if report is None:
        raise NotFoundError(f"there is no report {number} of {key.station}")
    if report.is_private:
        visitor.actor.must(Permission.EDIT_TOKENS)
    return report_part(report, await queries.content(report), visitor.now)
