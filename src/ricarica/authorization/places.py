"""What is known of the place where a token is shown."""

from collections.abc import Sequence

from ricarica.authorization.judging import tells_evses_apart
from ricarica.authorization.rules import AccessRule, Current, Place
from ricarica.configuration.service import ConfigurationService
from ricarica.kernel.ids import EvseNumber, SiteId, StationKey
from ricarica.stations.service import StationService


class Places:
    """Looks no further than the rules make it necessary: it is asked with every token."""

    def __init__(self, stations: StationService, configuration: ConfigurationService) -> None:
        self._stations = stations
        self._configuration = configuration

    async def of(
        self, station: StationKey, evse: EvseNumber | None, rules: Sequence[AccessRule]
    ) -> tuple[Place, ...]:
        """The EVSE, or all of the station's; or just the station, where they are all the same."""
        if not rules:
            return (Place(station.station, None, evse),)
        site = await self.site_of(station, rules)
        whole = Place(station.station, site, evse)
        if not tells_evses_apart(rules, whole):
            return (whole,)
        evses = [evse] if evse else await self._stations.evses(station)
        named = {rule.where.evse for rule in rules if rule.where.station == station.station}
        known = sorted(evses or filter(None, named))
        currents = await self._currents(station, known, rules)
        places = (Place(station.station, site, each, currents.get(each)) for each in known)
        return tuple(places) or (whole,)

    async def site_of(self, station: StationKey, rules: Sequence[AccessRule]) -> SiteId | None:
        if not any(rule.where.site for rule in rules):
            return None
        return (await self._stations.get(station)).site

    async def _currents(
        self, station: StationKey, evses: Sequence[EvseNumber], rules: Sequence[AccessRule]
    ) -> dict[EvseNumber, Current]:
        if not any(rule.where.current for rule in rules):
            return {}
        names = {f"EVSE@{evse}.SupplyPhases": evse for evse in evses}
        told = await self._configuration.named(station, names)
        # Appendix of 2.x: an EVSE that gives direct current has no phases.
        return {
            names[name]: Current.DC if setting.value == "0" else Current.AC
            for name, setting in told.items()
            if setting.value is not None
        }
