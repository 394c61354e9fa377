"""Prices that lie in stations which count costs themselves: what is wanted there, and what is."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Protocol

from ricarica.configuration.model import Setting
from ricarica.configuration.service import ConfigurationService
from ricarica.kernel.events import Outgoing
from ricarica.kernel.ids import StationKey, TariffId
from ricarica.stations.commands import BringInStep
from ricarica.stations.service import StationService
from ricarica.tariffs.commands import ClearPlans, GetPlans, SetDefaultPlan
from ricarica.tariffs.model import Tariff
from ricarica.tariffs.plan import Counting, Plan, Text, obstacle, plan_of
from ricarica.tariffs.service import TariffService
from ricarica.tariffs.texts import text_of, texts_of

KIND = "default_tariff"  # of upkeep
ENABLED = "TariffCostCtrlr.Enabled#Tariff"
ELEMENTS_MAX = "TariffCostCtrlr.MaxElements#Tariff"
CONDITIONS = "TariffCostCtrlr.ConditionsSupported#Tariff"
AVAILABLE = "TariffCostCtrlr.Available#Tariff"
DISPLAYS = "DisplayMessageCtrlr.Available"
LANGUAGE = "DisplayMessageCtrlr.Language"
COUNTING_MAX = 5_000  # stations looked after at once; more are not built to count themselves
MISREAD_MAX = 50  # of one station; whoever changes prices that often has other worries
YES = frozenset({"true", "1"})


@dataclass(frozen=True, slots=True)
class Assignment:
    """A plan as a station says that it has it. I09"""

    plan: str
    is_default: bool  # else it is that of a driver
    evses: tuple[int, ...] = ()
    tokens: tuple[str, ...] = ()
    valid_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class StationPlans:
    """`installed`: the default that the station took last; `is_known`: it was asked before."""

    station: StationKey
    counts: bool = False  # an operator wants it to count costs itself
    installed: str | None = None
    is_known: bool = False
    refused: str | None = None  # why the wanted plan cannot be there
    told: tuple[Assignment, ...] = ()
    told_at: datetime | None = None
    misread: tuple[str, ...] = ()  # plans of drivers that it could make no sense of


class StationPlanStore(Protocol):
    async def get(self, station: StationKey) -> StationPlans | None: ...

    async def counting(self, most: int) -> list[StationPlans]:
        """Of stations, of all tenants, that shall count costs themselves."""
        ...

    def save(self, plans: StationPlans) -> None: ...


class StationPlanService:
    def __init__(
        self,
        store: StationPlanStore,
        stations: StationService,
        tariffs: TariffService,
        configuration: ConfigurationService,
        outgoing: Outgoing,
    ) -> None:
        self._store = store
        self._stations = stations
        self._tariffs = tariffs
        self._configuration = configuration
        self._tell = outgoing.tell

    async def of(self, station: StationKey) -> StationPlans:
        return await self._store.get(station) or StationPlans(station)

    async def let_count(self, station: StationKey, *, counts: bool) -> StationPlans:
        """Whether the station is to count costs itself, by prices that we give it."""
        known = await self.of(station)
        changed = replace(known, counts=counts, refused=None, misread=())
        if changed != known:
            self._store.save(changed)
            self._tell(station, BringInStep(KIND))
        return changed

    async def step(self, station: StationKey) -> object | None:
        """What to tell the station next, so that it has the prices that hold there. I07"""
        plans = await self._store.get(station)
        if plans is None or (not plans.counts and plans.installed is None):
            return None
        if not plans.is_known:
            return GetPlans()
        wanted = await self._wanted(station) if plans.counts else None
        if wanted is None:
            return ClearPlans((plans.installed,)) if plans.installed else None
        if wanted.id == plans.installed:
            return None
        refused = obstacle(wanted, await self._counting(station))
        if refused != plans.refused:
            self._store.save(replace(plans, refused=refused))
        return None if refused else SetDefaultPlan(wanted)

    async def look_after(self) -> None:
        """Prices may have changed: have the stations that count by them the new ones?"""
        for plans in await self._store.counting(COUNTING_MAX):
            wanted = await self._wanted(plans.station)
            if plans.refused is None and (wanted.id if wanted else None) != plans.installed:
                self._tell(plans.station, BringInStep(KIND))

    async def installed(self, station: StationKey, plan: str) -> None:
        self._store.save(replace(await self.of(station), installed=plan, refused=None))

    async def refused(self, station: StationKey, why: str) -> None:
        self._store.save(replace(await self.of(station), refused=why))

    async def cleared(self, station: StationKey, plans: tuple[str, ...]) -> None:
        """Those of these names; none named: all of them."""
        known = await self.of(station)
        if not plans or known.installed in plans:
            self._store.save(replace(known, installed=None))

    async def told(
        self, station: StationKey, assignments: tuple[Assignment, ...], at: datetime
    ) -> None:
        known = await self.of(station)
        defaults = {each.plan for each in assignments if each.is_default}
        installed = known.installed if known.installed in defaults else None
        # One that somebody else put there is replaced, as soon as there is one of ours.
        self._store.save(
            replace(
                known,
                told=assignments,
                told_at=at,
                is_known=True,
                installed=installed or min(defaults, default=None),
            )
        )

    async def counting_plan(self, station: StationKey, tariff: Tariff) -> Plan | None:
        """The prices as the station can count by them; None: it does not, or cannot. I08"""
        plans = await self._store.get(station)
        if plans is None or not plans.counts:
            return None
        plan = plan_of(tariff, texts_of(tariff.prices))
        if plan.id in plans.misread:
            return None
        return None if obstacle(plan, await self._counting(station)) else plan

    async def misread(self, station: StationKey, plan: str) -> None:
        """It could make no sense of a driver's prices, so it is not given them again. I08"""
        known = await self.of(station)
        if plan not in known.misread:
            self._store.save(replace(known, misread=(*known.misread, plan)[-MISREAD_MAX:]))

    async def shown(self, station: StationKey, tariff: Tariff, language: str | None) -> Text | None:
        """I01.FR.02: the prices in words, where a station said that it can show them."""
        settings = await self._configuration.told(station, (AVAILABLE, DISPLAYS, LANGUAGE))
        if not any(is_true(settings.get(name)) for name in (AVAILABLE, DISPLAYS)):
            return None
        own = settings.get(LANGUAGE)
        return text_of(tariff.prices, language or (own.value if own else None))

    async def in_force(self, station: StationKey, own: TariffId | None = None) -> Tariff | None:
        """The prices that hold there: the driver's `own`, or those of the place."""
        known = await self._stations.get(station)
        site = await self._stations.site_tariff(known)
        return await self._tariffs.in_force(station.tenant, own, known.tariff, site)

    async def _wanted(self, station: StationKey) -> Plan | None:
        tariff = await self.in_force(station)
        return plan_of(tariff, texts_of(tariff.prices)) if tariff else None

    async def _counting(self, station: StationKey) -> Counting:
        names = (ENABLED, ELEMENTS_MAX, CONDITIONS)
        settings = await self._configuration.told(station, names)
        enabled, conditions = settings.get(ENABLED), settings.get(CONDITIONS)
        return Counting(
            enabled=is_true(enabled) if enabled else None,
            elements_max=_whole(settings.get(ELEMENTS_MAX)),
            conditions=is_true(conditions) if conditions else None,
        )


def is_true(setting: Setting | None) -> bool:
    return setting is not None and (setting.value or "").strip().casefold() in YES


def _whole(setting: Setting | None) -> int | None:
    try:
        return int(Decimal(setting.value)) if setting and setting.value else None
    except (InvalidOperation, ValueError):
        return None
