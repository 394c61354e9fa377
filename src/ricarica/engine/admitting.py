"""Who is let in at the stations' door, and why not."""

from ricarica.certificates.model import ShownCertificate
from ricarica.engine.live import LiveStation
from ricarica.engine.refusals import Reason, RefusalBook, reason_of
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.ids import StationKey, TenantId
from ricarica.link.letters import Admission, Knock, Verdict
from ricarica.ocpp.dialects import BY_SUBPROTOCOL
from ricarica.slices import Slices
from ricarica.stations.facts import Knocked
from ricarica.stations.model import BY_CERTIFICATE, Admittance, Station, may_stay


async def decided(unit: UnitOfWork, knock: Knock, refusals: RefusalBook) -> Admission:
    """What is answered to whoever knocks. Nothing of what it says is believed yet."""
    slices, tenant = unit.slices, TenantId(knock.tenant)
    if not await slices.access.has_tenant(tenant):
        return Admission(Verdict.UNAUTHORIZED)
    key = await slices.stations.resolve(tenant, knock.identity)
    if not knock.subprotocols and not await slices.stations.speaks_unasked(key):
        refusals.note(knock, Reason.NO_SUBPROTOCOL)
        return Admission(Verdict.NO_COMMON_DIALECT)
    admittance = await _admittance(slices, key, knock)
    if admittance is not Admittance.WELCOME:
        refusals.note(knock, reason_of(admittance, knock))
        return Admission(Verdict.UNAUTHORIZED)
    station = await slices.stations.get(key)
    spoken = _dialect_with(station, knock.subprotocols)
    if spoken is None:
        refusals.note(knock, Reason.NO_COMMON_DIALECT)
        return Admission(Verdict.NO_COMMON_DIALECT, key)
    return Admission(
        Verdict.WELCOME,
        key,
        spoken,
        authenticated=station.is_protected,
        introduced=station.booted_at is not None,
        held_by=(station.node or "") if station.connected else "",
    )


async def _admittance(slices: Slices, key: StationKey, knock: Knock) -> Admittance:
    shown = await _certificate_that_counts(slices, key, knock)
    admittance = await slices.stations.admit(
        Knocked(
            key,
            knock.secure,
            knock.password,
            knock.at,
            certificate=shown.name if shown else None,
            certificate_key=shown.key if shown else None,
        )
    )
    if admittance is Admittance.WELCOME and shown is not None:
        await slices.certificates.came_with(key, shown, knock.at)
    return admittance


async def _certificate_that_counts(
    slices: Slices, key: StationKey, knock: Knock
) -> ShownCertificate | None:
    told = knock.certificate
    if told is None:
        return None
    shown = ShownCertificate(told.name, told.organization, told.key, told.authority)
    return shown if await slices.certificates.counts(key, shown) else None


async def may_stay_on(slices: Slices, station: Station, live: LiveStation) -> bool:
    """Whether what let a station in would still do so."""
    if live.let_in is not None and not may_stay(live.let_in, station):
        return False
    if station.security_profile != BY_CERTIFICATE or not live.certificate_key:
        return True
    return not await slices.certificates.is_revoked(station.key, live.certificate_key)


def _dialect_with(station: Station, offered: tuple[str, ...]) -> str | None:
    """The subprotocol to speak: the station's first that we know, or the one it is held to."""
    own = station.habits.speaks if station.habits else None
    if own is not None:
        return own if own in offered or not offered else None
    return next((name for name in offered if name in BY_SUBPROTOCOL), None)
