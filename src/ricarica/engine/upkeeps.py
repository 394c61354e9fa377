"""Every kind of upkeep there is: what brings a station nearer to what is wanted of it."""

from collections.abc import Sequence

from ricarica.certificates.commands import DeliverCertificate
from ricarica.certificates.model import Purpose, RootKind
from ricarica.configuration.templates import Difference, Standing, Wanted
from ricarica.engine.upkeep import Upkeep
from ricarica.kernel.ids import StationKey
from ricarica.ocpp.dialects import BY_NAME, Dialect
from ricarica.slices import Slices
from ricarica.stations.commands import Reset, Topic, Trigger
from ricarica.stations.model import Station

RENEWED_BY = {
    Purpose.STATION: Topic.CERTIFICATE,
    Purpose.V2G: Topic.V2G_CERTIFICATE,
    Purpose.V2G20: Topic.V2G20_CERTIFICATE,
}
EVERY_KIND = frozenset(RootKind)
WITHOUT_CARS = frozenset({RootKind.CSMS, RootKind.MANUFACTURER})


async def certificates_step(slices: Slices, key: StationKey) -> object | None:
    """A02, A03, M03–M05"""
    step = await slices.certificates.next_step(key, slices.now)
    if isinstance(step, DeliverCertificate):
        return step
    if step is not None:
        return Trigger(RENEWED_BY[step])
    dialect = await _dialect(slices, key)
    knows_cars = dialect is not None and dialect.trusts_for_cars
    return await slices.trust.next_step(key, EVERY_KIND if knows_cars else WITHOUT_CARS)


async def networks_step(slices: Slices, key: StationKey) -> object | None:
    """B09, B10"""
    return await slices.networks.next_step(key)


async def settings_step(slices: Slices, key: StationKey) -> object | None:
    """First what it has, which is asked once for each firmware; then what it is to have."""
    station = await slices.stations.get(key)
    if await slices.configuration.is_worth_asking(key, station.firmware, slices.now):
        return await slices.configuration.ask_for_all(key, station.firmware, slices.now)
    return await _write(slices, station) or await slices.configuration.awaited(key)


async def _write(slices: Slices, station: Station) -> object | None:
    wanted = await slices.templates.wanted(station)
    if not wanted.settings:
        return None
    differences = await slices.templates.differences(station, wanted)
    if command := await slices.templates.next_write(station, differences):
        return command
    return await _restart(slices, station.key, wanted, differences)


async def _restart(
    slices: Slices, key: StationKey, wanted: Wanted, differences: Sequence[Difference]
) -> Reset | None:
    """B05.FR.10 with RebootRequired: let it hold, but cost nobody a charge."""
    waits = any(each.standing is Standing.AFTER_RESTART for each in differences)
    if not (waits and wanted.restarts) or await slices.transactions.running_at(key):
        return None
    return Reset()


async def monitors_step(slices: Slices, key: StationKey) -> object | None:
    """N04–N06, N08"""
    station = await slices.stations.get(key)
    wanted = await slices.templates.wanted(station)
    return await slices.monitoring.next_command(station, wanted, slices.now)


async def local_list_step(slices: Slices, key: StationKey) -> object | None:
    """D01, D02"""
    return await slices.local_lists.next_command(key, slices.now)


async def displays_step(slices: Slices, key: StationKey) -> object | None:
    """O01, O05, O06"""
    return await slices.displays.next_command(key, slices.now)


async def charging_profiles_step(slices: Slices, key: StationKey) -> object | None:
    """K01, K06, K07, K10, Q12"""
    dialect = await _dialect(slices, key)
    tells = dialect is not None and dialect.tells_profiles
    return await slices.energy.next_step(key, slices.now, tells_profiles=tells)


async def default_tariff_step(slices: Slices, key: StationKey) -> object | None:
    """I07"""
    return await slices.station_plans.step(key)


async def _dialect(slices: Slices, key: StationKey) -> Dialect | None:
    return BY_NAME.get((await slices.stations.get(key)).dialect or "")


# In the order in which a station is told: security before what needs it, settings before what
# they switch on.
UPKEEPS: tuple[Upkeep, ...] = (
    Upkeep("certificates", certificates_step),
    Upkeep("network_profiles", networks_step),
    Upkeep("settings", settings_step),
    Upkeep("monitors", monitors_step),
    Upkeep("local_list", local_list_step),
    Upkeep("displays", displays_step),
    Upkeep("charging_profiles", charging_profiles_step, is_piecemeal=True),
    Upkeep("default_tariff", default_tariff_step),
)
