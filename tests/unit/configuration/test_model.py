import pytest
from hypothesis import given
from hypothesis import strategies as st

from ricarica.configuration.model import NAME_LENGTH_MAX, SettingName, is_secret, name_from
from ricarica.kernel.errors import InvalidError

words = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,20}", fullmatch=True)
numbers = st.integers(1, 99)
flat_names = st.builds(SettingName, words)
places = st.builds(
    SettingName,
    variable=words,
    variable_instance=st.none() | words,
    component=words,
    component_instance=st.none() | words,
    evse=numbers,
    connector=st.none() | numbers,
    attribute=st.none() | st.sampled_from(["Target", "MinSet", "MaxSet"]),
)


@pytest.mark.parametrize(
    "text,name",
    [
        ("HeartbeatInterval", SettingName("HeartbeatInterval")),
        (
            "OCPPCommCtrlr.HeartbeatInterval",
            SettingName("HeartbeatInterval", component="OCPPCommCtrlr"),
        ),
        (
            "OCPPCommCtrlr.MessageAttempts#TransactionEvent",
            SettingName("MessageAttempts", "TransactionEvent", component="OCPPCommCtrlr"),
        ),
        (
            "Connector#left@1/2.Power:MaxSet",
            SettingName("Power", None, "Connector", "left", 1, 2, "MaxSet"),
        ),
    ],
)
def test_a_name_is_read_and_written(text: str, name: SettingName) -> None:
    assert name_from(text) == name
    assert str(name) == text


def test_the_actual_value_goes_without_saying() -> None:
    assert name_from("EVSE@1.Power:Actual") == name_from("EVSE@1.Power")


@given(flat_names | places)
def test_every_name_comes_back_from_its_text(name: SettingName) -> None:
    assert name_from(str(name)) == name


@pytest.mark.parametrize(
    "text", ["", "#1", "EVSE@1.Power:", "EVSE@1.Power:Mean", "EVSE@1.Power#", "x" * 251]
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidError):
        name_from(text)


def test_a_flat_list_of_keys_may_have_any_sign_in_them() -> None:
    assert name_from("EVSE@.Power") == SettingName("EVSE@.Power")


def test_the_longest_name_is_accepted() -> None:
    assert name_from("x" * NAME_LENGTH_MAX).variable == "x" * NAME_LENGTH_MAX


@pytest.mark.parametrize(
    "name",
    [
        "AuthorizationKey",
        "authorizationkey",
        "SecurityCtrlr.BasicAuthPassword",
        "SecurityCtrlr.BasicAuthPassword:Target",
        "NetworkConfiguration#1.BasicAuthPassword#2",
    ],
)
def test_secrets_are_known_by_their_names(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["HeartbeatInterval", "SecurityCtrlr.SecurityProfile"])
def test_what_is_no_secret_may_be_shown(name: str) -> None:
    assert not is_secret(name)
