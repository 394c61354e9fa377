"""What brings a station nearer to the certificates and the networks that it ought to have."""

from ricarica.certificates.commands import DeliverCertificate
from ricarica.certificates.model import Purpose, RootKind
from ricarica.kernel.ids import StationKey
from ricarica.ocpp.dialects import BY_NAME
from ricarica.slices import Slices
from ricarica.stations.commands import Topic, Trigger

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
    dialect = BY_NAME.get((await slices.stations.get(key)).dialect or "")
    knows_cars = dialect is not None and dialect.trusts_for_cars
    return await slices.trust.next_step(key, EVERY_KIND if knows_cars else WITHOUT_CARS)


async def networks_step(slices: Slices, key: StationKey) -> object | None:
    """B09, B10"""
    return await slices.networks.next_step(key)
