import pytest

from ricarica.simulator.catalogue import CATALOGUE
from ricarica.simulator.settings import Kind, Outcome, Setting, Settings


@pytest.fixture
def settings() -> Settings:
    return Settings(CATALOGUE)


def changed(settings: Settings, key: str, value: str) -> Outcome:
    setting = settings.with_key(key)
    assert setting is not None
    return settings.change(setting, value)


def test_names_keys_and_places_are_unique() -> None:
    names = [setting.name for setting in CATALOGUE]
    keys = [setting.key for setting in CATALOGUE if setting.key]
    places = [setting.place for setting in CATALOGUE if setting.place]

    for each in (names, keys, places):
        assert len(each) == len(set(each))


def test_every_value_from_the_factory_is_one_it_allows() -> None:
    for setting in CATALOGUE:
        if setting.value:
            assert setting.allows(setting.value), setting.name


def test_a_key_and_a_variable_are_the_same_setting(settings: Settings) -> None:
    assert settings.with_key("HEARTBEATINTERVAL") is settings.at_place(
        "ocppcommctrlr", "heartbeatInterval", None
    )
    assert settings.at_place("OCPPCommCtrlr", "MessageAttempts", None) is None
    assert settings.at_place("OCPPCommCtrlr", "MessageAttempts", "TransactionEvent") is not None


def test_values_are_checked_and_changes_heard(settings: Settings) -> None:
    heard: list[str] = []
    settings.on_change = heard.append

    assert changed(settings, "HeartbeatInterval", "60") is Outcome.ACCEPTED
    assert changed(settings, "HeartbeatInterval", "1.5") is Outcome.REJECTED
    assert changed(settings, "HeartbeatInterval", "99999999") is Outcome.REJECTED
    assert changed(settings, "LocalPreAuthorize", "TRUE") is Outcome.ACCEPTED
    assert changed(settings, "LocalPreAuthorize", "yes") is Outcome.REJECTED
    assert changed(settings, "CpoName", "x" * 256) is Outcome.REJECTED
    assert changed(settings, "NumberOfConnectors", "3") is Outcome.REJECTED

    assert heard == ["heartbeat_interval", "local_pre_authorize"]
    assert settings.seconds("heartbeat_interval").total_seconds() == 60
    assert settings.flag("local_pre_authorize")


def test_an_option_is_one_of_its_choices() -> None:
    setting = Setting("mode", "a", Kind.OPTION, choices=("a", "b"))

    assert setting.allows("b")
    assert not setting.allows("a,b")


def test_a_setting_that_needs_a_reboot_says_so() -> None:
    setting = Setting("mode", "a", needs_reboot=True)

    assert Settings((setting,)).change(setting, "b") is Outcome.REBOOT_REQUIRED


def test_factory_settings_must_exist(settings: Settings) -> None:
    with pytest.raises(AssertionError, match="mood"):
        settings.override({"mood": "good"})
