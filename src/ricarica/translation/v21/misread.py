"""What follows when a station cannot make sense of an answer of ours. OCPP-J 2.1 §4.2.4"""

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from ricarica.kernel.ids import StationKey
from ricarica.slices import Slices


class _Tariff(msgspec.Struct):
    tariffId: str  # noqa: N815 - as it is on the wire


class _Authorized(msgspec.Struct):
    tariff: _Tariff | None = None


async def authorization_misread(answer: str, station: StationKey, slices: Slices) -> None:
    """I08: it is the prices in it that are too much. Without them the driver is let in, and what
    it costs is counted here and told as it grows. I08.FR.34"""
    try:
        told = msgspec.json.decode(answer, type=_Authorized)
    except msgspec.DecodeError:
        return
    if told.tariff is not None:
        await slices.station_plans.misread(station, told.tariff.tariffId)


# Of the other answers nothing is kept as told: what is not confirmed is seen to by us. E16.FR.02
WHEN_MISREAD: Mapping[str, Callable[[str, StationKey, Slices], Awaitable[None]]] = {
    "Authorize": authorization_misread,
}
