"""The command line with the rest of the house made up."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ricarica.access.authentication import Authentication
from ricarica.access.model import system_actor
from ricarica.access.service import AccessService
from ricarica.app.desk import OneCommit
from ricarica.app.tables import metadata
from ricarica.cli.main import run
from ricarica.cli.ports import Choices, Desk, Finding, Programs, UsageError
from ricarica.storage.open import open_database

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


class PlainHasher:
    async def hash(self, password: str) -> str:
        return f"hash of {password}"

    async def matches(self, password_hash: str, password: str) -> bool:
        return password_hash == f"hash of {password}"


@dataclass
class House:
    """Keeps what it was asked to do."""

    folder: Path
    served: list[Choices] = field(default_factory=list)
    shown: list[tuple[Choices, int]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    examined: list[Choices] = field(default_factory=list)

    def programs(self) -> Programs:
        return Programs(self.served.append, self._demo, self._desk, self._doctor, self._doctor_data)

    def _demo(self, choices: Choices, stations: int) -> None:
        self.shown.append((choices, stations))

    def _doctor(self, choices: Choices) -> Sequence[Finding]:
        return self.findings

    def _doctor_data(self, choices: Choices) -> Sequence[Finding]:
        self.examined.append(choices)
        return self.findings

    def _desk(self, choices: Choices) -> AbstractAsyncContextManager[Desk]:
        return self._opened()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Desk]:
        database = open_database(f"sqlite:///{self.folder}/test.db", metadata)
        await database.migrate()
        commit = OneCommit(database)
        authentication = Authentication(commit, PlainHasher(), lambda: NOON)
        yield Desk(commit, authentication, database, system_actor(), lambda: NOON)
        await database.close()


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_serve_hands_on_what_was_chosen_and_nothing_else(house: House) -> None:
    code = run(house.programs(), ["serve", "--data", "x", "--station-port", "1", "--log-json"])

    [choices] = house.served
    given = {name: value for name, value in choices.flags.items() if value is not None}
    assert code == 0
    assert given == {"data": Path("x"), "station_port": 1, "log_json": True}
    assert choices.file is None


def test_accepting_unknown_stations_is_a_choice_about_unknown_stations(house: House) -> None:
    run(house.programs(), ["serve", "--accept-unknown-stations", "--config", "x.toml"])

    [choices] = house.served
    assert choices.flags["unknown_stations"] == "accept"
    assert choices.file == Path("x.toml")


def test_the_environment_may_accept_unknown_stations(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RICARICA_ACCEPT_UNKNOWN_STATIONS", "true")

    run(house.programs(), ["serve"])

    (choices,) = house.served
    assert choices.flags["unknown_stations"] == "accept"


def test_the_demo_listens_to_its_own_machine(house: House) -> None:
    run(house.programs(), ["demo", "--stations", "7"])

    [(choices, stations)] = house.shown
    assert stations == 7
    assert choices.flags["http_host"] == choices.flags["station_host"] == "127.0.0.1"
    assert choices.flags["data"] == Path("demo-data")


def test_choices_that_make_no_sense_exit_with_2(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    def serve(_: Choices) -> None:
        raise UsageError("station_port is a number")

    programs = house.programs()
    broken = replace(programs, serve=serve)

    assert run(broken, ["serve"]) == 2
    assert "station_port is a number" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["nonsense"], ["serve", "--nonsense"], ["station", "show"]])
def test_what_is_no_command_exits_with_2(house: House, arguments: list[str]) -> None:
    assert run(house.programs(), arguments) == 2


def test_help_lists_the_exit_codes(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(house.programs(), ["--help"]) == 0
    assert "5 the station refused" in " ".join(capsys.readouterr().out.split())


def test_the_doctor_fails_when_something_is_wrong(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.findings = [Finding("clock", is_well=True, text="it shows noon", remedy="nothing")]
    assert run(house.programs(), ["doctor"]) == 0
    house.findings.append(Finding("disk", is_well=False, text="1 GiB", remedy="free some [space]"))
    assert run(house.programs(), ["doctor"]) == 1

    out = capsys.readouterr().out
    assert "✗ disk: 1 GiB" in out
    assert "→ free some [space]" in out
    assert "→ nothing" not in out


def test_the_doctor_speaks_json(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.findings = [Finding("disk", is_well=False, text="1 GiB", remedy="free some")]

    run(house.programs(), ["doctor", "--json"])

    [finding] = json.loads(capsys.readouterr().out)
    assert finding == {
        "check": "disk",
        "is_well": False,
        "text": "1 GiB",
        "remedy": "free some",
        "row": None,
    }


def test_the_doctor_of_the_data_fails_when_something_is_wrong_with_it(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "postgresql://ricarica@localhost/ricarica"
    house.findings = [Finding("I5", is_well=False, text="tx 1: -1 Wh", remedy="look", row="tx 1")]

    assert run(house.programs(), ["doctor", "data", "--database-url", url, "--json"]) == 1

    assert [choices.flags["database_url"] for choices in house.examined] == [url]
    [finding] = json.loads(capsys.readouterr().out)
    assert (finding["check"], finding["row"]) == ("I5", "tx 1")


# -- people


def read(house: House, capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert run(house.programs(), [*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def can_log_in(house: House, secret: str) -> bool:
    async def look() -> bool:
        async with house.programs().desk(Choices({})) as desk:
            return await desk.authentication.by_api_key(secret) is not None

    return asyncio.run(look())


def test_a_key_is_made_listed_and_revoked(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    made = read(house, capsys, "api-key", "create", "--role", "admin", "--name", "ci")
    [listed] = read(house, capsys, "api-key", "list")

    assert can_log_in(house, made["key"])
    assert (listed["name"], listed["role"]) == ("ci", "admin")
    assert "key" not in listed
    assert run(house.programs(), ["api-key", "revoke", made["prefix"]]) == 0
    assert not can_log_in(house, made["key"])


def test_a_key_for_a_shell_is_shown_bare(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    run(house.programs(), ["api-key", "create"])

    assert can_log_in(house, capsys.readouterr().out.strip())


def test_a_key_that_is_not_there_exits_with_3(house: House) -> None:
    assert run(house.programs(), ["api-key", "revoke", "none"]) == 3


def test_an_operator_is_added_listed_and_given_a_new_password(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    added = read(
        house, capsys, "operator", "add", "Ada", "--role", "admin", "--password", "correct horse"
    )
    changed = run(house.programs(), ["operator", "password", "ada", "--password", "staple battery"])

    assert added["role"] == "admin"
    assert changed == 0
    assert [each["name"] for each in read(house, capsys, "operator", "list")] == ["Ada"]


def test_an_operator_that_cannot_be_is_refused(house: House) -> None:
    add = ["operator", "add", "--password"]
    assert run(house.programs(), [*add, "correct horse", "Ada"]) == 0

    assert run(house.programs(), [*add, "short", "Bob"]) == 2
    assert run(house.programs(), [*add, "correct horse", "ADA"]) == 1
    assert run(house.programs(), ["operator", "password", "Bob", "--password", "x" * 9]) == 3


def test_what_the_command_line_does_is_audited(house: House) -> None:
    from ricarica.access.queries import AccessQueries

    run(house.programs(), ["api-key", "create"])

    async def look() -> list[str]:
        async with house.programs().desk(Choices({})) as desk:
            page = await AccessQueries(desk.database).audit(desk.actor.tenant)
            return [entry.action for entry in page.items]

    assert asyncio.run(look()) == ["api_key.create"]


async def test_a_change_that_the_server_crossed_is_made_again(tmp_path: Path) -> None:
    from dataclasses import replace

    from ricarica.access.model import Role

    database = open_database(f"sqlite:///{tmp_path}/test.db", metadata)
    await database.create_all()
    mine, theirs = OneCommit(database), OneCommit(database)
    await mine(
        lambda access: access.add_operator(system_actor().tenant, "Ada", Role.ADMIN, "x", NOON)
    )
    crossed = False

    async def change(access: AccessService) -> None:
        nonlocal crossed
        await access.set_password(system_actor().tenant, "Ada", "y", NOON)
        if not crossed:
            crossed = True
            await theirs(lambda a: a.set_password(system_actor().tenant, "Ada", "z", NOON))

    await mine(change)

    found = await mine(lambda access: access.operator(system_actor().tenant, "Ada"))
    assert found == replace(found, password_hash="y")
    await database.close()
