from pathlib import Path
from typing import Any

import pytest

from ricarica.app import config
from ricarica.app.config import Config, ConfigError, load_config, unknown_variables
from ricarica.stations.model import UnknownStations


def loaded(
    flags: dict[str, Any] | None = None,
    environment: dict[str, str] | None = None,
    file: Path | None = None,
) -> Config:
    return load_config(flags or {}, environment or {}, file)


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No `ricarica.toml` of the developer's."""
    monkeypatch.chdir(tmp_path)


def test_nothing_chosen_means_the_documented_ports_and_strangers_wait() -> None:
    config = loaded()

    assert (config.station_port, config.http_port) == (9000, 8080)
    assert config.unknown_stations is UnknownStations.PENDING


def test_a_flag_beats_the_environment_that_beats_the_file_that_beats_the_default(
    tmp_path: Path,
) -> None:
    file = tmp_path / "given.toml"
    file.write_text("station_port = 1\nhttp_port = 2\nheartbeat_s = 30\n")
    environment = {"RICARICA_STATION_PORT": "11", "RICARICA_HTTP_PORT": "12"}

    config = loaded({"station_port": 21, "http_port": None}, environment, file)

    assert (config.station_port, config.http_port, config.heartbeat_s) == (21, 12, 30)
    assert config.log_level == "info"


def test_the_file_in_the_current_folder_counts(tmp_path: Path) -> None:
    (tmp_path / "ricarica.toml").write_text('unknown_stations = "refuse"\ndata = "/srv/data"\n')

    config = loaded()

    assert config.unknown_stations is UnknownStations.REFUSE
    assert config.data == Path("/srv/data")


def test_the_environment_can_name_the_file(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("log_json = true")

    assert loaded(environment={"RICARICA_CONFIG": str(tmp_path / "other.toml")}).log_json


def test_texts_of_the_environment_become_what_they_mean() -> None:
    config = loaded(
        environment={
            "RICARICA_LOG_JSON": "true",
            "RICARICA_DATA": "/srv/ricarica",
            "RICARICA_UNKNOWN_STATIONS": "accept",
            "RICARICA_STATION_TLS_PORT": "9443",
            "RICARICA_TLS_CERTIFICATE": "chain.pem",
            "RICARICA_TLS_KEY": "key.pem",
        }
    )

    assert config.log_json
    assert config.data == Path("/srv/ricarica")
    assert config.unknown_stations is UnknownStations.ACCEPT
    assert config.station_tls_port == 9443


def test_an_empty_variable_chooses_nothing() -> None:
    assert loaded(environment={"RICARICA_DATABASE_URL": ""}).database_url is None


def test_without_a_url_the_database_is_a_file_among_the_data(tmp_path: Path) -> None:
    assert loaded({"data": tmp_path}).url == f"sqlite:///{tmp_path}/ricarica.db"
    assert loaded({"database_url": "sqlite:///x.db"}).url == "sqlite:///x.db"


def test_no_secret_shows_up_when_the_configuration_is_printed() -> None:
    config = loaded({"admin_password": "correct horse", "database_url": "postgresql://u:p4ss@h/d"})

    assert "correct horse" not in repr(config)
    assert "p4ss" not in repr(config)


@pytest.mark.parametrize(
    "flags, complaint",
    [
        ({"station_port": 70000}, "station_port is a number from 0 to 65535"),
        ({"station_port": 8080}, "http_port and station_port are both 8080"),
        ({"tls_key": "key.pem"}, "belong together"),
        ({"station_tls_port": 9000}, "station_tls_port and station_port are both 9000"),
        ({"nats_url": "nats://localhost"}, "give database_url too"),
        ({"nats_url": "http://n", "database_url": "postgresql://d"}, "and none of http"),
        ({"roles": "gateway"}, "give nats_url too"),
        ({"roles": "gateway,cook"}, "roles: cook given"),
        ({"otel_sampling": 1.1}, "otel_sampling is a share from 0 to 1"),
        ({"otel_endpoint": "localhost:4318"}, "otel_endpoint is the address of a collector"),
        ({"database_url": "mysql://x/y"}, "database_url: mysql is not a database we know"),
        ({"log_level": "loud"}, "debug, info, warning, error"),
        ({"currency": "euro"}, "ISO 4217"),
        ({"heartbeat_s": 9}, "heartbeat_s is from 10"),
        ({"outlet_power_max_kw": 0}, "outlet_power_max_kw is 1 or more"),
        ({"admin_password": "short"}, "admin_password: a password has 8"),
        ({"unknown_stations": "maybe"}, "unknown_stations in the command line"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(flags: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        loaded(flags)


def test_traces_need_packages_that_not_everybody_installs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "find_spec", lambda _name: None)

    with pytest.raises(ConfigError, match=r"install ricarica\[otel\]"):
        loaded({"otel_endpoint": "http://localhost:4318"})


def test_two_ports_may_both_be_any_that_is_free() -> None:
    assert loaded({"station_port": 0, "http_port": 0}).http_port == 0


def test_a_wrong_value_is_told_with_where_it_came_from() -> None:
    with pytest.raises(ConfigError, match="http_port in the environment: Expected `int`"):
        loaded(environment={"RICARICA_HTTP_PORT": "eighty"})


def test_a_mistyped_setting_is_told_with_what_was_meant(tmp_path: Path) -> None:
    file = tmp_path / "given.toml"
    file.write_text("staton_port = 1")

    with pytest.raises(ConfigError, match="did you mean station_port"):
        loaded(file=file)


@pytest.mark.parametrize("content", ["station_port =", "\x00"])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "given.toml"
    file.write_text(content)

    with pytest.raises(ConfigError, match="is not TOML"):
        loaded(file=file)


def test_a_named_file_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        loaded(file=tmp_path / "none.toml")


def test_variables_that_are_not_ours_are_named() -> None:
    environment = {"RICARICA_PORT": "1", "RICARICA_API_KEY": "x", "RICARICA_DATA": "y", "HOME": "/"}

    assert unknown_variables(environment) == ["RICARICA_PORT"]
