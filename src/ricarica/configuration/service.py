"""What is known of the settings of stations."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from ricarica.configuration.commands import (
    Extent,
    ReadSettings,
    ReportSettings,
    WriteSetting,
    WriteSettings,
)
from ricarica.configuration.events import SettingRefused, SettingsChanged
from ricarica.configuration.facts import (
    ReportPart,
    ReportRefused,
    SettingsReported,
    SettingWritten,
    Told,
    WriteRefused,
)
from ricarica.configuration.limits import READING, WRITING, Limit, limit_from, parts_of
from ricarica.configuration.model import (
    NETWORK,
    SETTINGS_MAX,
    DeviceModel,
    ModelState,
    Setting,
    check_door,
    is_hidden,
    name_from,
)
from ricarica.configuration.ports import SettingStore
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.events import Outgoing
from ricarica.kernel.ids import Ids, StationKey
from ricarica.stations.commands import BringInStep

NETWORK_ORDER = "OCPPCommCtrlr.NetworkConfigurationPriority"
ASK_AGAIN = timedelta(hours=1)  # a report of a few thousand variables takes minutes


class ConfigurationService:
    def __init__(self, store: SettingStore, outgoing: Outgoing, ids: Ids) -> None:
        self._store = store
        self._announce = outgoing.announce
        self._tell = outgoing.tell
        self._ids = ids

    # -- what stations tell

    async def report(self, reported: SettingsReported) -> None:
        """Take note of what a station tells of its settings."""
        if reported.settings:
            await self._keep(reported)
        if reported.part is not None:
            await self._count(reported, reported.part)

    async def _keep(self, reported: SettingsReported) -> None:
        names = dict.fromkeys(told.name for told in reported.settings)
        known = await self._store.known(reported.station, names)
        fitting = {*known, *await self._room_for(reported, [n for n in names if n not in known])}
        await self._store.save_all(
            _setting(told, reported, known.get(told.name))
            for told in reported.settings
            if told.name in fitting
        )
        self._announce(SettingsChanged(reported.station, len(reported.settings)))

    async def _room_for(self, reported: SettingsReported, new: list[str]) -> list[str]:
        """Those of them that still fit: what stations make up must not fill the disk."""
        if not new:
            return []
        room = SETTINGS_MAX - await self._store.count(reported.station)
        return new[: max(room, 0)]

    async def _count(self, reported: SettingsReported, part: ReportPart) -> None:
        """B07: once all parts came, what none of them named is gone."""
        model = await self._store.device_model(reported.station)
        if model is None or model.number != part.number:
            return  # of a report of some, or of one that was asked for by hand
        # One that was asked again begins anew.
        counted = replace(model, parts=1 if part.seq_no == 0 else model.parts + 1)
        if part.is_last:
            counted = replace(counted, state=ModelState.TOLD, told_at=reported.at, detail=None)
            if counted.parts == part.seq_no + 1:
                await self._store.forget_older(reported.station, model.asked_at)
            # Only now is it known what differs from what is wanted.
            self._tell(reported.station, BringInStep("settings"))
        self._store.save_device_model(counted)

    async def report_refused(self, refused: ReportRefused) -> None:
        model = await self._store.device_model(refused.station)
        if model is not None and model.number == refused.number:
            self._store.save_device_model(
                replace(model, state=ModelState.REFUSED, detail=refused.why)
            )

    async def written(self, *facts: SettingWritten) -> None:
        """Take note of values that a station accepted."""
        changed = []
        for fact in facts:
            setting = await self._known(fact)
            value = None if is_hidden(fact.name, setting.access) else fact.value
            changed.append(
                replace(
                    setting,
                    value=value,
                    reported_at=fact.at,
                    needs_reboot=fact.needs_reboot,
                    refused=None,
                    refused_why=None,
                )
            )
        if changed:
            await self._store.save_all(changed)
            self._announce(SettingsChanged(changed[0].station, len(changed)))

    async def refused(self, *facts: WriteRefused) -> None:
        """Take note of what a station would not take, lest it is told so for ever."""
        changed = []
        for fact in facts:
            setting = await self._known(fact)
            value = "" if is_hidden(fact.name, setting.access) else fact.value
            changed.append(replace(setting, refused=value, refused_why=fact.why))
            self._announce(SettingRefused(fact.station, fact.name, fact.why))
            # There may be others that it would take.
            self._tell(fact.station, BringInStep("settings"))
        await self._store.save_all(changed)

    async def _known(self, fact: SettingWritten | WriteRefused) -> Setting:
        known = await self._store.get(fact.station, fact.name)
        setting = known or Setting(fact.station, fact.name, None, None, fact.at)
        return replace(setting, neutral=fact.neutral or setting.neutral)

    # -- what they are asked

    async def device_model(self, station: StationKey) -> DeviceModel | None:
        return await self._store.device_model(station)

    async def ask_for_all(
        self, station: StationKey, firmware: str | None, now: datetime
    ) -> ReportSettings:
        """B07.FR.14: the question for everything, noted so that its answer is known as such."""
        number = self._ids.wire_number()
        model = DeviceModel(station, number, ModelState.ASKED, now, firmware)
        known = await self._store.device_model(station)
        self._store.save_device_model(replace(model, told_at=known.told_at if known else None))
        return ReportSettings(number, Extent.ALL)

    async def is_worth_asking(
        self, station: StationKey, firmware: str | None, now: datetime
    ) -> bool:
        """At first contact, after a change of firmware, or when the answer never came."""
        model = await self._store.device_model(station)
        if model is None or model.firmware != firmware:
            return True
        return model.state is ModelState.ASKED and model.asked_at < now - ASK_AGAIN

    async def awaited(self, station: StationKey) -> ReportSettings | None:
        """The question for all that is not answered yet, or not to its end."""
        model = await self._store.device_model(station)
        if model is None or model.state is not ModelState.ASKED:
            return None
        return ReportSettings(model.number, Extent.ALL)

    async def limit(self, station: StationKey, what: str, otherwise: Limit) -> Limit:
        """`what`: read, write, report, monitor or clear_monitor."""
        names = (f"{what}_items_max", f"{what}_bytes_max")
        return limit_from(await self._store.by_neutral(station, names), what, otherwise)

    async def reading(self, station: StationKey, names: Iterable[str]) -> list[ReadSettings]:
        """Questions that the station can take, one after the other. B06.FR.05"""
        limit = await self.limit(station, "read", READING)
        items = [(name, name) for name in dict.fromkeys(names)]
        return [ReadSettings(part) for part in parts_of(items, limit)]

    async def writing(
        self, station: StationKey, values: Mapping[str, str]
    ) -> list[WriteSetting | WriteSettings]:
        """Orders that the station can take, one after the other. B05.FR.11"""
        limit = await self.limit(station, "write", WRITING)
        items = [((name, value), name + value) for name, value in values.items()]
        return [
            WriteSettings(part) if len(part) > 1 else WriteSetting(*part[0])
            for part in parts_of(items, limit)
        ]

    async def check_writable(self, station: StationKey, names: Iterable[str]) -> None:
        """
        Raises:
            InvalidError: it is what the station comes in by: its password, its security profile,
                or of the network profile by which it connects. B09.FR.21
        """
        written = list(names)
        for name in written:
            check_door(name)
        places = [name_from(name) for name in written if name.startswith(NETWORK)]
        if not places:
            return
        order = (await self.told(station, (NETWORK_ORDER,))).get(NETWORK_ORDER)
        used = {slot.strip() for slot in ((order.value if order else None) or "").split(",")}
        for place in places:
            if place.component == NETWORK and place.component_instance in used:
                raise InvalidError(
                    f"the station may connect by network profile {place.component_instance}; "
                    "write another one, and let it be tried"
                )

    async def told(self, station: StationKey, names: Iterable[str]) -> dict[str, Setting]:
        """By their own names only, as the station tells them; those it told of."""
        return await self._store.known(station, names)

    async def named(self, station: StationKey, names: Iterable[str]) -> dict[str, Setting]:
        """By their own names or by ours, as they were asked for."""
        asked = list(names)
        known = await self._store.known(station, asked)
        return {**await self._store.by_neutral(station, asked), **known}


def _setting(told: Told, reported: SettingsReported, known: Setting | None) -> Setting:
    """What was told, with what an earlier and fuller report said about it."""
    setting = known or Setting(reported.station, told.name, None, None, reported.at)
    access = told.access or setting.access
    return replace(
        setting,
        value=None if is_hidden(told.name, access) else told.value,
        access=access,
        reported_at=reported.at,
        unit=told.unit or setting.unit,
        kind=told.kind or setting.kind,
        choices=told.choices or setting.choices,
        needs_reboot=False,
        neutral=told.neutral or setting.neutral,
        lowest=setting.lowest if told.lowest is None else told.lowest,
        highest=setting.highest if told.highest is None else told.highest,
        elements_max=told.elements_max or setting.elements_max,
        persistent=setting.persistent if told.persistent is None else told.persistent,
        constant=setting.constant if told.constant is None else told.constant,
        monitorable=setting.monitorable if told.monitorable is None else told.monitorable,
    )
