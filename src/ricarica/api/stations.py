"""/stations: what there is, and what was decided about it."""

from datetime import datetime
from typing import Annotated

from litestar import delete, get, put
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET, Meta, Struct, UnsetType

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, Caller, require
from ricarica.api.gate import needs
from ricarica.api.replies import Page, PageWanted, ShortText, page_from, page_of
from ricarica.api.tariffs import check_tariff
from ricarica.engine.orders import ORDERS
from ricarica.kernel.errors import InvalidError, NotFoundError
from ricarica.kernel.ids import EvseNumber, SiteId, StationKey, TariffId
from ricarica.slices import Slices
from ricarica.stations.habits import Habits
from ricarica.stations.model import Acceptance, Connector, ConnectorStatus
from ricarica.stations.queries import StationFilter, StationQueries, StationView
from ricarica.stations.service import Preparation
from ricarica.translation.quirks.models import habits_of

IDENTITY_LENGTH_MAX = 255  # what the stations' door takes


class ConnectorReply(Struct, frozen=True):
    connector: int
    status: ConnectorStatus
    at: datetime
    error: str | None
    detail: str | None


class EvseReply(Struct, frozen=True):
    """`transaction` is the one that runs there."""

    evse: int
    connectors: list[ConnectorReply]
    transaction: str | None = None


class PlaceReply(Struct, frozen=True):
    id: str
    name: str


class StationReply(Struct, frozen=True):
    """What its boot told is null until it booted. `commands`: what it can be told now."""

    id: str
    status: Acceptance
    connected: bool
    dialect: str | None
    name: str
    site: PlaceReply | None
    tariff: str | None
    security_profile: int | None
    has_password: bool
    certificate_name: str | None
    certificate_pin: str | None
    pedantic: bool
    habits: Habits
    labels: list[str]
    vendor: str | None
    model: str | None
    serial: str | None
    firmware: str | None
    iccid: str | None
    imsi: str | None
    boot_reason: str | None
    booted_at: datetime | None
    registered_at: datetime
    last_seen_at: datetime | None
    connection_changed_at: datetime | None
    remote: str | None
    secure: bool
    evses: list[EvseReply]
    commands: list[str]


CertificateName = Annotated[
    str,
    Meta(
        max_length=64,  # RFC 5280 A.1
        description="The common name in its certificate, where that is not its serial number.",
    ),
]
CertificatePin = Annotated[
    str,
    Meta(max_length=128, description="SHA-256 of the public key of its only certificate, hex."),
]


class StationBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays as it is; null takes it away."""

    status: Acceptance | UnsetType = UNSET
    security_profile: Annotated[int, Meta(ge=0, le=3)] | UnsetType = UNSET
    password: ShortText | UnsetType | None = UNSET
    name: ShortText | UnsetType = UNSET
    site: str | UnsetType | None = UNSET
    tariff: str | UnsetType | None = UNSET
    pedantic: bool | UnsetType = UNSET
    habits: Habits | UnsetType = UNSET
    labels: list[ShortText] | UnsetType = UNSET
    certificate_name: CertificateName | UnsetType | None = UNSET
    certificate_pin: CertificatePin | UnsetType | None = UNSET


def station_filter(
    q: Annotated[
        str | None,
        QueryParameter(description="In identity, name, vendor, model, serial or labels."),
    ] = None,
    status: FromQuery[Acceptance | None] = None,
    connected: FromQuery[bool | None] = None,
    dialect: Annotated[str | None, QueryParameter(description="1.6, 2.0.1 or 2.1.")] = None,
    site: FromQuery[str | None] = None,
    label: FromQuery[str | None] = None,
) -> StationFilter:
    return StationFilter(q, SiteId(site) if site else None, status, connected, dialect, label)


@get(
    "/stations",
    opt=needs(Permission.READ),
    tags=["Stations"],
    dependencies={"which": Provide(station_filter, sync_to_thread=False)},
)
async def list_stations(
    caller: Asking, which: NamedDependency[StationFilter], page: PageWanted
) -> Page[StationReply]:
    """Stations by identity."""
    rows = await StationQueries(caller.database).stations(caller.tenant, which, page)
    return page_from(rows, lambda view: _reply(caller, view))


@get("/stations/{identity:str}", opt=needs(Permission.READ), tags=["Stations"])
async def get_station(caller: Asking, identity: FromPath[str]) -> StationReply:
    """One station; its identity is compared without case."""
    return await _read(caller, identity)


@put("/stations/{identity:str}", opt=needs(Permission.EDIT_STATIONS), tags=["Stations"])
async def prepare_station(
    caller: Asking, identity: FromPath[str], data: JSONBody[StationBody]
) -> StationReply:
    """Prepare a station before it connects, approve one that waits, or change it."""
    _check_identity(identity)

    async def prepare(slices: Slices) -> None:
        key = await slices.stations.resolve(caller.tenant, identity)
        await _check_tariff(slices, key, data)
        prepared = await slices.stations.prepare(key, _preparation(data), slices.now)
        caller.audit(
            slices, "station.prepare", f"station:{key.station}", status=prepared.acceptance
        )

    await caller.carry_out(prepare)
    return await _read(caller, identity)


@delete("/stations/{identity:str}", opt=needs(Permission.EDIT_STATIONS), tags=["Stations"])
async def remove_station(caller: Asking, identity: FromPath[str]) -> None:
    """Forget a station; what it charged stays."""
    key = await caller.station(identity)

    async def remove(slices: Slices) -> None:
        await slices.stations.remove(key)
        caller.audit(slices, "station.remove", f"station:{key.station}")

    await caller.carry_out(remove)


@get("/stations/{identity:str}/evses", opt=needs(Permission.READ), tags=["Stations"])
async def list_evses(caller: Asking, identity: FromPath[str]) -> Page[EvseReply]:
    """Its EVSEs with their connectors and what runs there."""
    view = await _view(caller, identity)
    running = await caller.carry_out(
        lambda slices: slices.transactions.running_at(view.station.key)
    )
    at_evse = {transaction.evse: transaction.id for transaction in running}
    numbers = sorted({*view.evses, *(evse for evse in at_evse if evse)})
    return page_of(
        _evse(number, view.evses.get(number, ()), at_evse.get(number)) for number in numbers
    )


HANDLERS = (
    list_stations,
    get_station,
    prepare_station,
    remove_station,
    list_evses,
)


async def _view(caller: Caller, identity: str) -> StationView:
    found = await StationQueries(caller.database).station(caller.tenant, identity)
    return require(found, f"station {identity}")


async def _read(caller: Caller, identity: str) -> StationReply:
    return _reply(caller, await _view(caller, identity))


def _reply(caller: Caller, view: StationView) -> StationReply:
    station, site = view.station, view.site
    dialect = station.dialect if station.connected else None
    sayable = caller.engine.commands.sayable(dialect or "")
    return StationReply(
        id=station.key.station,
        status=station.acceptance,
        connected=station.connected,
        dialect=station.dialect,
        name=station.name,
        site=PlaceReply(site.id, site.name) if site else None,
        tariff=station.tariff,
        security_profile=station.security_profile,
        has_password=view.has_password,
        certificate_name=station.certificate_name,
        certificate_pin=station.certificate_pin,
        pedantic=station.pedantic,
        habits=habits_of(station),
        labels=list(station.labels),
        vendor=station.vendor,
        model=station.model,
        serial=station.serial,
        firmware=station.firmware,
        iccid=station.iccid,
        imsi=station.imsi,
        boot_reason=station.boot_reason,
        booted_at=station.booted_at,
        registered_at=station.registered_at,
        last_seen_at=station.last_seen_at,
        connection_changed_at=station.connection_changed_at,
        remote=station.remote,
        secure=station.secure,
        evses=[_evse(number, connectors) for number, connectors in view.evses.items()],
        commands=[name for name, command in ORDERS.items() if command in sayable],
    )


def _evse(
    number: EvseNumber, connectors: tuple[Connector, ...], transaction: str | None = None
) -> EvseReply:
    return EvseReply(
        number,
        [
            ConnectorReply(each.number, each.status, each.at, each.error, each.detail)
            for each in connectors
        ],
        transaction,
    )


def _preparation(data: StationBody) -> Preparation:
    return Preparation(
        acceptance=data.status or None,
        security_profile=None if data.security_profile is UNSET else data.security_profile,
        password=None if data.password is UNSET else (data.password or ""),
        name=None if data.name is UNSET else data.name,
        site=None if data.site is UNSET else SiteId(data.site or ""),
        tariff=None if data.tariff is UNSET else TariffId(data.tariff or ""),
        pedantic=None if data.pedantic is UNSET else data.pedantic,
        habits=None if data.habits is UNSET else data.habits,
        labels=None if data.labels is UNSET else tuple(data.labels),
        certificate_name=(
            None if data.certificate_name is UNSET else (data.certificate_name or "")
        ),
        certificate_pin=None if data.certificate_pin is UNSET else (data.certificate_pin or ""),
    )


def _check_identity(identity: str) -> None:
    """As the stations' door takes them: whoever cannot connect need not be prepared for."""
    is_visible = identity.isprintable() and identity == identity.strip()
    is_path = identity in {".", ".."} or any(sign in identity for sign in "/\\:")
    if not 0 < len(identity) <= IDENTITY_LENGTH_MAX or not is_visible or is_path:
        raise InvalidError(
            f"an identity has 1 to {IDENTITY_LENGTH_MAX} visible characters, none of them / \\ or :"
        )


async def _check_tariff(slices: Slices, key: StationKey, data: StationBody) -> None:
    """One that it has already may have been removed since: then it falls back to the default."""
    if data.tariff and data.tariff != await _tariff_of(slices, key):
        await check_tariff(slices, key.tenant, TariffId(data.tariff))


async def _tariff_of(slices: Slices, key: StationKey) -> TariffId | None:
    try:
        return (await slices.stations.get(key)).tariff
    except NotFoundError:
        return None
