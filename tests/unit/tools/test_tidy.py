"""Every rule of tools/tidy.py, shown on a small tree that breaks it and on one that does not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tools import tidy

SLICE = "src/ricarica/billing/model.py"

Tidied = Callable[[str, str], list[str]]


@pytest.fixture
def tidied(tmp_path: Path) -> Tidied:
    """Writes one file into an empty tree and returns what tidy finds there."""
    listed = tmp_path / tidy.REQUIREMENTS
    listed.parent.mkdir(parents=True)
    listed.write_text("E07.FR.02\n")

    def tidied(path: str, text: str) -> list[str]:
        written = tmp_path / path
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(text)
        known = tidy.known_requirements(tmp_path)
        return [
            str(finding) for file in tidy.files(tmp_path) for finding in tidy.findings(file, known)
        ]

    return tidied


def function_of(lines: int) -> str:
    return "def long() -> None:\n" + "    pass\n" * (lines - 1)


def test_a_function_of_60_lines_is_tidy(tidied: Tidied) -> None:
    assert tidied(SLICE, function_of(60)) == []


def test_a_function_of_61_lines_is_too_long(tidied: Tidied) -> None:
    (found,) = tidied(SLICE, function_of(61))

    assert found.startswith(f"{SLICE}:1: long has 61 lines, more than 60")


def test_a_migration_may_be_long(tidied: Tidied) -> None:
    assert tidied("src/ricarica/storage/migrations/versions/0001_first.py", function_of(600)) == []


def test_a_module_of_500_lines_is_tidy(tidied: Tidied) -> None:
    assert tidied(SLICE, "x = 1\n" * 500) == []


def test_a_module_of_501_lines_is_too_long(tidied: Tidied) -> None:
    (found,) = tidied(SLICE, "x = 1\n" * 501)

    assert "module has 501 lines" in found


def test_generated_messages_may_be_long_and_use_the_words_of_the_protocol(tidied: Tidied) -> None:
    text = "class IdTagInfo: pass\n" + "x = 1\n" * 600

    assert tidied("src/ricarica/ocpp/v16/messages.py", text) == []


def test_six_parameters_beside_self_are_tidy(tidied: Tidied) -> None:
    text = "class A:\n    def f(self, a, b, c, *, d, e, f): pass\n"

    assert tidied(SLICE, text) == []


def test_seven_parameters_are_too_many(tidied: Tidied) -> None:
    (found,) = tidied(SLICE, "async def f(a, b, c, *d, e, f, **g): pass\n")

    assert "f has 7 parameters, more than 6" in found


def test_a_command_has_as_many_parameters_as_it_has_options(tidied: Tidied) -> None:
    text = "@app.command('serve')\ndef serve(a, b, c, d, e, f, g): pass\n"

    assert tidied("src/ricarica/cli/serve.py", text) == []
    assert len(tidied(SLICE, text)) == 1


def test_a_test_asks_for_as_many_fixtures_as_it_needs(tidied: Tidied) -> None:
    text = "def test_it_works(a, b, c, d, e, f, g): pass\n"

    assert tidied("tests/unit/test_it.py", text) == []
    assert len(tidied("tests/unit/test_it.py", text.replace("test_it", "make_it"))) == 1


def test_the_fields_of_a_record_are_not_counted(tidied: Tidied) -> None:
    fields = "".join(f"    field_{number}: int\n" for number in range(12))

    assert tidied(SLICE, f"@dataclass(frozen=True)\nclass Record:\n{fields}") == []


@pytest.mark.parametrize("name", ["utils", "helpers", "common"])
def test_a_module_is_named_for_what_it_does(tidied: Tidied, name: str) -> None:
    assert len(tidied(f"src/ricarica/billing/{name}.py", "x = 1\n")) == 1
    assert len(tidied(f"src/ricarica/{name}/model.py", "x = 1\n")) == 2


@pytest.mark.parametrize("name", ["TokenManager", "StoreImpl", "BaseStore", "StoreBase", "IStore"])
def test_a_class_is_named_for_its_role(tidied: Tidied, name: str) -> None:
    (found,) = tidied(SLICE, f"class {name}:\n    pass\n")

    assert f"class {name}" in found


@pytest.mark.parametrize("name", ["Invoice", "Iso15118Contract", "ISODate", "Database"])
def test_a_class_name_may_begin_with_an_i_or_hold_base(tidied: Tidied, name: str) -> None:
    assert tidied(SLICE, f"class {name}:\n    pass\n") == []


@pytest.mark.parametrize(
    "code",
    [
        "id_tag = 1",
        "x.parent_id_tag",
        "def f(charge_point_id): pass",
        "f(meter_values=1)",
        "class ChargeBoxStore: pass",
        "from x import y as idTag",
        "connectorId = 1",
    ],
)
def test_the_words_of_the_protocol_stay_where_the_wire_is(tidied: Tidied, code: str) -> None:
    assert len(tidied("src/ricarica/translation/v16/starting.py", code + "\n")) == 0
    assert len(tidied(SLICE, code + "\n")) == 1


def test_a_text_may_hold_a_word_of_the_protocol(tidied: Tidied) -> None:
    assert tidied(SLICE, 'action = "MeterValues"  # what a station calls its readings\n') == []


def test_the_connector_of_an_evse_has_an_id_of_ours(tidied: Tidied) -> None:
    assert tidied(SLICE, "connector_id = 1\nevse_id = 2\n") == []


@pytest.mark.parametrize(
    "code",
    [
        "now = datetime.now(UTC)",
        "now = datetime.datetime.now(datetime.UTC)",
        "now = time.time()",
        "id = uuid4()",
        "id = field(default_factory=uuid.uuid4)",
        "chance = random.random()",
        "from random import choice",
        "rng = Random()",
    ],
)
def test_time_ids_and_chance_are_handed_in(tidied: Tidied, code: str) -> None:
    assert tidied("src/ricarica/app/wiring.py", code + "\n") == []
    assert len(tidied(SLICE, code + "\n")) == 1


@pytest.mark.parametrize(
    "code",
    ["now = clock.now()", "rng: random.Random", "x = self.random.choice(y)", "rng = Random(seed)"],
)
def test_what_was_handed_in_may_be_used(tidied: Tidied, code: str) -> None:
    assert tidied(SLICE, code + "\n") == []


@pytest.mark.parametrize(
    "handler", ["except Exception:", "except:", "except (ValueError, BaseException) as error:"]
)
def test_every_exception_is_caught_in_few_places_only(tidied: Tidied, handler: str) -> None:
    text = f"try:\n    f()\n{handler}\n    g()\n"

    assert tidied("src/ricarica/engine/batches.py", text) == []
    assert len(tidied(SLICE, text)) == 1


def test_an_exception_may_be_seen_and_passed_on(tidied: Tidied) -> None:
    assert tidied(SLICE, "try:\n    f()\nexcept BaseException:\n    undo()\n    raise\n") == []


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa",
        "# type: ignore",
        "# noqa: S608",
        "# type: ignore[arg-type]",
        "# type: ignore[arg-type]  # noqa",
    ],
)
def test_what_is_silenced_has_a_code_and_a_reason(tidied: Tidied, comment: str) -> None:
    assert len(tidied(SLICE, f"x = 1  {comment}\n")) == 1


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa: S608 - the table's name is ours",
        "# type: ignore[arg-type]  # the stubs are older than the library",
    ],
)
def test_a_reason_makes_silence_tidy(tidied: Tidied, comment: str) -> None:
    assert tidied(SLICE, f"x = 1  {comment}\n") == []


def test_a_requirement_that_exists_may_be_cited(tidied: Tidied) -> None:
    assert tidied(SLICE, "x = 1  # E07.FR.02\n") == []


def test_a_requirement_that_does_not_exist_is_found(tidied: Tidied) -> None:
    (found,) = tidied(SLICE, "x = 1\ny = 2  # E07.FR." + "99\n")

    assert found.startswith(f"{SLICE}:2: E07.FR.")


def test_a_path_of_one_machine_is_found_in_any_text(tidied: Tidied) -> None:
    (found,) = tidied("docs/howto/run.md", "See `/" + "home/anna/ricarica`.\n")

    assert found.startswith("docs/howto/run.md:1: ")


@pytest.mark.parametrize(
    "text", ["/var/lib/ricarica", "https://example.org/home/page", "../work/x"]
)
def test_paths_of_servers_and_addresses_are_tidy(tidied: Tidied, text: str) -> None:
    assert tidied("docs/howto/run.md", text + "\n") == []


def test_a_registry_is_the_users_choice(tidied: Tidied) -> None:
    (found,) = tidied("requirements/runtime.lock", "# from https://pypi" + ".org/simple\n")

    assert "names a package registry" in found


def test_pictures_are_not_read(tidied: Tidied, tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\xff")

    assert tidied(SLICE, "x = 1\n") == []


def test_the_exit_code_says_whether_the_tree_is_tidy(
    tidied: Tidied, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tidied(SLICE, "x = 1\n")
    assert tidy.main([str(tmp_path)]) == 0

    tidied(SLICE, "except_all = 1  # noqa\n")
    assert tidy.main([str(tmp_path)]) == 1
    assert capsys.readouterr().out.endswith("tidy: 1 to mend\n")
