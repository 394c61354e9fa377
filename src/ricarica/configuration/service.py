"""What is known of the settings of stations."""

from dataclasses import replace

from ricarica.configuration.events import SettingsChanged
from ricarica.configuration.facts import SettingsReported, SettingWritten, Told
from ricarica.configuration.model import SETTINGS_MAX, Setting, is_secret
from ricarica.configuration.ports import SettingStore
from ricarica.kernel.events import Announcer


class ConfigurationService:
    def __init__(self, store: SettingStore, announcer: Announcer) -> None:
        self._store = store
        self._announce = announcer.announce

    async def report(self, reported: SettingsReported) -> None:
        """Take note of what a station tells of its settings."""
        if not reported.settings:
            return
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

    async def written(self, fact: SettingWritten) -> None:
        """Take note of a value that a station accepted."""
        known = await self._store.get(fact.station, fact.name)
        setting = known or Setting(fact.station, fact.name, None, None, fact.at)
        changed = replace(
            setting,
            value=None if is_secret(fact.name) else fact.value,
            reported_at=fact.at,
            needs_reboot=fact.needs_reboot,
        )
        await self._store.save_all([changed])
        self._announce(SettingsChanged(fact.station, 1))


def _setting(told: Told, reported: SettingsReported, known: Setting | None) -> Setting:
    """What was told, with what an earlier and fuller report said about it."""
    setting = known or Setting(reported.station, told.name, None, None, reported.at)
    return replace(
        setting,
        value=None if is_secret(told.name) else told.value,
        access=told.access or setting.access,
        reported_at=reported.at,
        unit=told.unit or setting.unit,
        kind=told.kind or setting.kind,
        choices=told.choices or setting.choices,
        needs_reboot=False,
    )
