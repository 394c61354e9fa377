"""The command line as people and programs use it: processes, JSON and exit codes."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.served import BOOTS, PASSWORD, Served, answer, boot, ricarica, serving, until

OK, FAILED, USAGE, NOT_FOUND, UNREACHED, REFUSED = range(6)


@pytest.fixture
def station_command(server: Served, tmp_path: Path) -> Any:
    """Runs `ricarica station …` against the server; returns exit code and JSON, if it gave any."""

    def run(*arguments: str, text: str | None = None) -> tuple[int, Any]:
        done = ricarica(
            "station",
            *arguments,
            "--json",
            cwd=tmp_path,
            text=text,
            RICARICA_URL=server.http,
            RICARICA_API_KEY=server.key(),
        )
        return done.returncode, json.loads(done.stdout) if done.stdout.strip() else done.stderr

    return run


def test_help_tells_the_exit_codes(tmp_path: Path) -> None:
    done = ricarica("--help", cwd=tmp_path)

    assert done.returncode == OK
    assert "Exit codes" in done.stdout


def test_an_unknown_option_is_a_matter_of_usage(tmp_path: Path) -> None:
    assert ricarica("serve", "--colour", "blue", cwd=tmp_path).returncode == USAGE
    assert ricarica("serve", "--station-port", "many", cwd=tmp_path).returncode == USAGE


def test_the_first_start_shows_a_password_once_and_data_stays(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data, "--station-host", "127.0.0.1", RICARICA_ADMIN_PASSWORD="") as first:
        until(lambda: "password" in first.log, "the password is shown")
        line = next(line for line in first.log.splitlines() if "Log in as" in line)
        password = line.split("password ")[1].split()[0]
        assert len(password) >= 12
        assert first.stop() == OK
    with serving(data, RICARICA_ADMIN_PASSWORD="") as second:
        assert "Log in as" not in second.log
    assert password not in (data / "ricarica.db").read_bytes().decode("latin-1")


def test_a_chosen_password_is_not_shown(server: Served) -> None:
    assert PASSWORD not in server.log
    assert "Log in as" not in server.log


def test_variables_and_the_file_choose_what_flags_do_not(tmp_path: Path) -> None:
    (tmp_path / "ricarica.toml").write_text('unknown_stations = "refuse"\nheartbeat_s = 77\n')
    with serving(tmp_path / "data", "--log-json", RICARICA_HEARTBEAT_S="88") as served:
        served.ask("PUT", "/stations/KNOWN", {"status": "accepted"})
        listed = ricarica(
            "station", "list", "--key", served.key(), "--url", served.http, "--json", cwd=tmp_path
        )

    assert [station["id"] for station in json.loads(listed.stdout)] == ["KNOWN"]


async def test_the_heartbeat_of_the_environment_reaches_stations(tmp_path: Path) -> None:
    with serving(
        tmp_path / "data", "--accept-unknown-stations", RICARICA_HEARTBEAT_S="88"
    ) as served:
        async with served.door("CP-1") as station:
            payload = json.dumps(BOOTS["ocpp1.6"])
            await station.send(f'[2,"1","BootNotification",{payload}]')
            _, _, told = await answer(station, "1")

    assert 79 <= told["interval"] <= 97  # give or take a tenth


def test_a_misspelt_setting_is_refused_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "ricarica.toml").write_text("station_prot = 9000\n")

    done = ricarica("serve", cwd=tmp_path)

    assert done.returncode == USAGE
    assert "did you mean station_port" in done.stderr


def test_a_port_that_is_taken_is_said_in_plain_words(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ports = ("--station-port", port, "--http-port", "0", "--station-host", "127.0.0.1")
        done = ricarica("serve", "--data", "data", *ports, cwd=tmp_path)

    assert done.returncode == FAILED
    assert "Traceback" not in done.stderr
    assert "in use" in done.stderr


def test_operators_and_keys_are_made_listed_and_ended(server: Served, tmp_path: Path) -> None:
    data = ("--data", str(server.data))
    secret = {"RICARICA_OPERATOR_PASSWORD": "a-good-long-password"}
    added = ricarica("operator", "add", "ada", *data, "--json", cwd=tmp_path, **secret)
    again = ricarica("operator", "add", "ada", *data, cwd=tmp_path, **secret)
    weak = ricarica(
        "operator", "add", "bob", *data, cwd=tmp_path, RICARICA_OPERATOR_PASSWORD="short"
    )
    listed = ricarica("operator", "list", *data, "--json", cwd=tmp_path)
    made = ricarica("api-key", "create", *data, "--name", "night", "--json", cwd=tmp_path)
    key = json.loads(made.stdout)
    revoked = ricarica("api-key", "revoke", key["id"], *data, cwd=tmp_path)
    nothing = ricarica("api-key", "revoke", "nothing", *data, cwd=tmp_path)

    assert json.loads(added.stdout)["name"] == "ada"
    assert (again.returncode, weak.returncode) == (FAILED, USAGE)
    assert {"ada", "admin"} <= {operator["name"] for operator in json.loads(listed.stdout)}
    assert key["role"] == "viewer"
    assert key["key"].startswith(key["prefix"])
    assert (revoked.returncode, nothing.returncode) == (OK, NOT_FOUND)


async def test_stations_are_listed_shown_and_told(server: Served, station_command: Any) -> None:
    async with server.door("CLI-1") as station:
        assert await boot(station) == "Accepted"
        code, listed = station_command("list", "CLI-1")
        assert (code, [each["id"] for each in listed]) == (OK, ["CLI-1"])
        code, shown = station_command("show", "cli-1")
        assert (code, shown["connected"], shown["dialect"]) == (OK, True, "1.6")
        code, said = station_command("call", "CLI-1", "Reset", '{"type":"Hard"}', "--timeout", "1")
        assert (code, said["outcome"]) == (FAILED, "unknown")  # nobody answered
        code, _ = station_command("call", "CLI-1", "Reset", "{}")
        assert code == USAGE
        code, _ = station_command("call", "CLI-1", "Dance")
        assert code == USAGE
    until(lambda: not is_connected(server, "CLI-1"), "the station is gone")
    assert station_command("call", "CLI-1", "Reset", '{"type":"Hard"}')[0] == UNREACHED
    assert station_command("show", "NOBODY")[0] == NOT_FOUND
    assert station_command("call", "NOBODY", "ClearCache")[0] == NOT_FOUND


def is_connected(server: Served, identity: str) -> bool:
    return bool(server.ask("GET", f"/stations/{identity}")["connected"])


def test_asking_nobody_or_without_a_key_fails(server: Served, tmp_path: Path) -> None:
    nobody = ricarica("station", "list", "--url", "http://127.0.0.1:9", cwd=tmp_path)
    keyless = ricarica("station", "list", "--url", server.http, cwd=tmp_path)

    assert (nobody.returncode, keyless.returncode) == (FAILED, FAILED)
    assert "api-key create" in keyless.stderr


def test_doctor_finds_a_taken_port_and_nothing_else(server: Served, tmp_path: Path) -> None:
    taken = ("--station-port", str(server.station_port), "--http-port", "0")
    done = ricarica("doctor", "--data", str(server.data), *taken, "--json", cwd=tmp_path)
    well = ricarica("doctor", "--station-port", "0", "--http-port", "0", "--json", cwd=tmp_path)

    findings = {finding["check"]: finding for finding in json.loads(done.stdout)}
    assert done.returncode == FAILED
    assert [name for name, each in findings.items() if not each["is_well"]] == ["station port"]
    assert findings["station port"]["remedy"]
    assert well.returncode == OK, well.stdout


def test_simulated_stations_charge_and_leave_in_order(server: Served, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    fleet = ("--stations", "2", "--prefix", "SIMCLI", "--busy", "1", "--speed", "1000")
    done = ricarica(
        "simulate",
        *("--url", server.ws, *fleet, "--duration", "3", "--journal", str(journal), "--json"),
        cwd=tmp_path,
    )
    nobody = ricarica(
        "simulate", "--url", "ws://127.0.0.1:9", "--stations", "1", "--duration", "0.5", "--json",
        cwd=tmp_path,
    )  # fmt: skip

    assert done.returncode == OK, done.stderr
    final = json.loads(done.stdout.splitlines()[-1])
    assert (final["final"], final["stations"], final["dropped"]) == (True, 2, 0)
    assert nobody.returncode == FAILED
    assert not is_connected(server, "SIMCLI-0001")
