"""/stations/{id}/security: one station's password, certificates and networks, and the doctor."""

from collections.abc import Awaitable, Callable, Mapping

from litestar import get, post
from litestar.params import FromPath

from ricarica.access.model import Permission
from ricarica.certificates.model import Purpose
from ricarica.certificates.queries import CertificateFilter, CertificateQueries
from ricarica.engine import security_orders
from ricarica.engine.upkeeps import RENEWED_BY
from ricarica.kernel.errors import ConflictError, InvalidError, NotFoundError
from ricarica.kernel.ids import StationKey
from ricarica.security.commands import SetNetwork
from ricarica.security.queries import EventFilter, SecurityQueries
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result, Trigger
from ricarica.storage.pages import Wanted
from ricarica.transactions.queries.live import LiveStation
from ricarica.web.addresses import path_to
from ricarica.web.builders.security import (
    certificate_row,
    event_row,
    finding_rows,
    installed_rows,
    move_now,
    slot_rows,
)
from ricarica.web.builders.stations import head_from
from ricarica.web.pages.security import examined
from ricarica.web.pages.station import live_station
from ricarica.web.sessions import needs
from ricarica.web.translations import msgid
from ricarica.web.typed import Form, count_in, needed_count_in
from ricarica.web.views.security import StationSecurityPage
from ricarica.web.views.visit import Notice
from ricarica.web.visitor import Html, Visiting, Visitor

EVENTS_SHOWN = Wanted(10)
AWAITS_PASSWORD = msgid("A new password was set, and the station has not come with it yet.")
AWAITS_PROFILE = msgid("A higher security profile was set, and the station has not come by it yet.")


@get("/stations/{station:str}/security", opt=needs(Permission.READ))
async def security_page(visitor: Visiting, station: FromPath[str]) -> Html:
    return await visitor.show(await _page(visitor, await live_station(visitor, station)))


@post("/stations/{station:str}/security/{order:str}", opt=needs(Permission.EDIT_STATIONS))
async def order_security(visitor: Visiting, station: FromPath[str], order: FromPath[str]) -> Html:
    """Answered when the station has answered, where it is told something at once."""
    live = await live_station(visitor, station)
    key = live.view.station.key
    if order not in ORDERS:
        raise NotFoundError(f"there is no order {order}")
    try:
        result = await ORDERS[order](visitor, key, visitor.form)
    except (InvalidError, ConflictError, NotFoundError) as error:
        return await visitor.show(await _page(visitor, live, str(error)), 422)
    if result is not None:
        await visitor.note(key, f"security.{order}", result.outcome, {})
        if result.outcome is not Outcome.ACCEPTED:
            said = result.words
            return await visitor.show(await _page(visitor, live, said or result.outcome.value), 422)
    return visitor.lead_to(path_to("stations", key.station, "security"), Notice.STATION_TOLD)


HANDLERS = (security_page, order_security)


async def _page(
    visitor: Visitor, live: LiveStation, error: str | None = None
) -> StationSecurityPage:
    station, database = live.view.station, visitor.database
    key = station.key
    certificates, security = CertificateQueries(database), SecurityQueries(database)
    own = await certificates.requests(visitor.tenant, CertificateFilter(key.station))
    store = await certificates.trust_store(key)
    networks = await security.networks(key)
    events = await security.events(visitor.tenant, EventFilter(key.station), EVENTS_SHOWN)
    profiles = await security.profiles(visitor.tenant)
    return StationSecurityPage(
        head_from(live.view),
        finding_rows(await examined(visitor, key.station)),
        station.security_profile,
        live.view.has_password,
        _awaited(live),
        tuple(certificate_row(each, visitor.now) for each in own.items),
        installed_rows(store, await certificates.roots(visitor.tenant)),
        store.listed_at if store else None,
        slot_rows(networks),
        networks.order,
        networks.active,
        move_now(networks.move),
        tuple(profile.name for profile in profiles),
        SetNetwork in visitor.house.engine.commands.sayable(station.dialect or ""),
        tuple(map(event_row, events.items)),
        error,
    )


def _awaited(live: LiveStation) -> tuple[str, ...]:
    station = live.view.station
    awaited = []
    if live.view.awaits_password:
        awaited.append(AWAITS_PASSWORD)
    if station.pending_profile is not None:
        awaited.append(AWAITS_PROFILE)
    return tuple(awaited)


# -- orders. Each says what became of it, or nothing where the station is told by itself.

Order = Callable[[Visitor, StationKey, Form], Awaitable[Result | None]]


async def _password(visitor: Visitor, key: StationKey, _form: Form) -> Result:
    return await security_orders.change_password(visitor.carry_out, visitor.tell, key)


async def _profile(visitor: Visitor, key: StationKey, form: Form) -> Result:
    return await security_orders.raise_profile(
        visitor.carry_out,
        visitor.tell,
        key,
        needed_count_in(form, "level", least=0, most=3),
        slot=count_in(form, "by_slot", least=0),
        force=bool(form.get("force")),
    )


async def _renew(visitor: Visitor, key: StationKey, form: Form) -> Result:
    purpose = form.get("purpose", Purpose.STATION.value)
    if purpose not in set(Purpose):
        raise InvalidError("choose what the certificate is for")
    return await visitor.tell(key, Trigger(RENEWED_BY[Purpose(purpose)]))


async def _revoke(visitor: Visitor, key: StationKey, form: Form) -> None:
    async def revoke(slices: Slices) -> None:
        revoked = await slices.certificates.revoke(key, form.get("certificate", ""))
        visitor.audit(slices, "certificate.revoke", f"station:{key.station}", serial=revoked.serial)

    await visitor.carry_out(revoke)


async def _list(visitor: Visitor, key: StationKey, _form: Form) -> Result:
    station = await visitor.carry_out(lambda slices: slices.stations.get(key))
    return await security_orders.list_certificates(visitor.tell, key, station.dialect)


async def _slot(visitor: Visitor, key: StationKey, form: Form) -> None:
    number, profile = needed_count_in(form, "slot", least=0), form.get("profile") or None

    async def assign(slices: Slices) -> None:
        await slices.networks.assign(key, number, profile)
        visitor.audit(slices, "network.assign", f"station:{key.station}", slot=number)

    await visitor.carry_out(assign)


async def _move(visitor: Visitor, key: StationKey, form: Form) -> None:
    number = needed_count_in(form, "slot", least=0)

    async def begin(slices: Slices) -> None:
        await slices.networks.begin_move(key, number, slices.now, leaves=bool(form.get("leaves")))
        visitor.audit(slices, "network.move", f"station:{key.station}", slot=number)

    await visitor.carry_out(begin)


async def _give_up(visitor: Visitor, key: StationKey, _form: Form) -> None:
    async def give_up(slices: Slices) -> None:
        await slices.networks.give_up(key)
        visitor.audit(slices, "network.give-up", f"station:{key.station}")

    await visitor.carry_out(give_up)


ORDERS: Mapping[str, Order] = {
    "password": _password,
    "profile": _profile,
    "renew": _renew,
    "revoke": _revoke,
    "list": _list,
    "slot": _slot,
    "move": _move,
    "give-up": _give_up,
}
