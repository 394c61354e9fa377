"""What brings a station nearer to the charging profiles that it ought to have."""

from ricarica.kernel.ids import StationKey
from ricarica.ocpp.dialects import BY_NAME
from ricarica.slices import Slices


async def charging_profiles_step(slices: Slices, key: StationKey) -> object | None:
    """K01, K06, K07, K10, Q12"""
    dialect = BY_NAME.get((await slices.stations.get(key)).dialect or "")
    tells = dialect is not None and dialect.tells_profiles
    return await slices.energy.next_step(key, slices.now, tells_profiles=tells)
