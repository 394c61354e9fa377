from datetime import UTC, datetime, timedelta

import pytest

from ricarica.configuration import service
from ricarica.configuration.events import SettingsChanged
from ricarica.configuration.facts import SettingsReported, SettingWritten, Told
from ricarica.configuration.model import Access, Setting
from ricarica.configuration.service import ConfigurationService
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.testing import memory
from ricarica.testing.clock import CountedIds

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
KEY = StationKey(DEFAULT_TENANT, StationId("CP-1"))
HEARTBEAT = "OCPPCommCtrlr.HeartbeatInterval"


@pytest.fixture
def store() -> memory.MemorySettingStore:
    return memory.MemorySettingStore()


@pytest.fixture
def outgoing() -> memory.Told:
    return memory.Told()


@pytest.fixture
def settings(store: memory.MemorySettingStore, outgoing: memory.Told) -> ConfigurationService:
    return ConfigurationService(store, outgoing, CountedIds())


async def test_what_a_station_reports_is_known(
    settings: ConfigurationService, store: memory.MemorySettingStore, outgoing: memory.Told
) -> None:
    told = Told(HEARTBEAT, "300", Access.READ_WRITE, unit="s", kind="integer", choices="60,300")

    await settings.report(SettingsReported(KEY, (told,), NOON))

    assert await store.get(KEY, HEARTBEAT) == Setting(
        KEY, HEARTBEAT, "300", Access.READ_WRITE, NOON, "s", "integer", "60,300"
    )
    assert outgoing.events == [SettingsChanged(KEY, 1)]


async def test_a_station_cannot_make_up_settings_without_an_end(
    settings: ConfigurationService,
    store: memory.MemorySettingStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service, "SETTINGS_MAX", 3)
    for number in range(5):
        told = (Told(f"Invented{number}", "1"), Told("Invented0", str(number)))
        await settings.report(SettingsReported(KEY, told, NOON))

    assert {name for _, name in store.settings} == {"Invented0", "Invented1", "Invented2"}
    assert (await store.known(KEY, ["Invented0"]))["Invented0"].value == "4"


async def test_an_empty_report_is_no_news(
    settings: ConfigurationService, outgoing: memory.Told
) -> None:
    await settings.report(SettingsReported(KEY, (), NOON))

    assert outgoing.events == []


async def test_reading_a_value_does_not_forget_what_was_reported_about_it(
    settings: ConfigurationService, store: memory.MemorySettingStore
) -> None:
    told = Told(HEARTBEAT, "300", Access.READ_WRITE, unit="s", kind="integer", choices="60,300")
    await settings.report(SettingsReported(KEY, (told,), NOON))

    await settings.report(SettingsReported(KEY, (Told(HEARTBEAT, "60"),), LATER))

    assert await store.get(KEY, HEARTBEAT) == Setting(
        KEY, HEARTBEAT, "60", Access.READ_WRITE, LATER, "s", "integer", "60,300"
    )


@pytest.mark.parametrize("needs_reboot", [False, True])
async def test_a_value_that_was_accepted_is_known(
    settings: ConfigurationService,
    store: memory.MemorySettingStore,
    outgoing: memory.Told,
    needs_reboot: bool,
) -> None:
    await settings.report(SettingsReported(KEY, (Told(HEARTBEAT, "300", Access.READ_WRITE),), NOON))

    await settings.written(SettingWritten(KEY, HEARTBEAT, "60", LATER, needs_reboot))

    assert await store.get(KEY, HEARTBEAT) == Setting(
        KEY, HEARTBEAT, "60", Access.READ_WRITE, LATER, needs_reboot=needs_reboot
    )
    assert outgoing.events[-1] == SettingsChanged(KEY, 1)


async def test_a_value_of_a_setting_that_was_never_reported_is_known_too(
    settings: ConfigurationService, store: memory.MemorySettingStore
) -> None:
    await settings.written(SettingWritten(KEY, "Vendor", "1", NOON))

    assert await store.get(KEY, "Vendor") == Setting(KEY, "Vendor", "1", None, NOON)


async def test_secrets_are_not_kept(
    settings: ConfigurationService, store: memory.MemorySettingStore
) -> None:
    reported = Told("AuthorizationKey", "secret!", Access.WRITE_ONLY)

    await settings.report(SettingsReported(KEY, (reported,), NOON))
    await settings.written(SettingWritten(KEY, "SecurityCtrlr.BasicAuthPassword", "secret!", NOON))

    assert [setting.value for setting in store.settings.values()] == [None, None]


@pytest.mark.usecase("B09")
async def test_the_network_profile_by_which_a_station_connects_is_not_written(
    settings: ConfigurationService,
) -> None:
    order = Told("OCPPCommCtrlr.NetworkConfigurationPriority", "1, 3")
    await settings.report(SettingsReported(KEY, (order,), NOON))

    await settings.check_writable(KEY, ["NetworkConfiguration#2.OcppCsmsUrl", HEARTBEAT, "any"])
    for slot in (1, 3):
        with pytest.raises(InvalidError, match=f"network profile {slot}"):  # B09.FR.21
            await settings.check_writable(KEY, [f"NetworkConfiguration#{slot}.OcppCsmsUrl"])
