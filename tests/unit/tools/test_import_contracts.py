"""The contracts of pyproject.toml break when they should: on imports planted in a small tree."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "src" / "ricarica"
NOT_SLICES = {
    *("api", "app", "cli", "engine", "kernel", "link", "ocpi", "ocpp", "partner_gateway"),
    *("simulator", "station_gateway", "storage", "testing", "translation", "web"),
}
MODULES = (
    *(
        "kernel/ids.py",
        "ocpp/dialects.py",
        "ocpp/session.py",
        "ocpp/v16/messages.py",
        "link/ports.py",
    ),
    *("storage/work.py", "stations/model.py", "stations/sql.py", "stations/queries.py"),
    *("tariffs/model.py", "tariffs/service.py", "translation/route.py", "engine/batches.py"),
    *("engine/sql.py", "simulator/core.py", "station_gateway/gateway.py", "api/stations.py"),
    *("web/pages.py", "cli/main.py", "app/wiring.py", "testing/world.py"),
)


def contracts() -> dict[str, dict[str, list[str]]]:
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {each["name"]: each for each in configuration["tool"]["importlinter"]["contracts"]}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A package with the layers of ours and no imports."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    package = tmp_path / "ricarica"
    for module in MODULES:
        path = package / module
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        (path.parent / "__init__.py").touch()
    (package / "__init__.py").touch()
    return package


def broken(package: Path) -> set[str]:
    """The names of the contracts that the tree breaks."""
    linted = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=package.parent,
        env={**os.environ, "PYTHONPATH": str(package.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    names = {name for name in contracts() if f"{name} BROKEN" in linted.stdout}
    assert (linted.returncode == 0) == (not names), linted.stdout
    return names


def test_an_empty_tree_keeps_every_contract(tree: Path) -> None:
    assert broken(tree) == set()


@pytest.mark.parametrize(
    ("importer", "imported", "name"),
    [
        ("kernel/ids.py", "ricarica.ocpp.session", "Imports only look down"),
        ("api/stations.py", "ricarica.web.pages", "Imports only look down"),
        ("ocpp/session.py", "ricarica.kernel.ids", "Protocol libraries import nothing of ours"),
        ("kernel/ids.py", "msgspec", "The kernel needs the standard library only"),
        (
            "api/stations.py",
            "ricarica.ocpp.v16.messages",
            "Only translation, the gateways and the simulator read the wire",
        ),
        (
            "engine/batches.py",
            "ricarica.ocpp.v16.messages",
            "Only translation, the gateways and the simulator read the wire",
        ),
        (
            "simulator/core.py",
            "ricarica.kernel.ids",
            "The simulator knows the wire and nothing else of ours",
        ),
        ("tariffs/model.py", "ricarica.ocpp.dialects", "Slices know nothing of the wire"),
        (
            "tariffs/model.py",
            "sqlalchemy",
            "Slices and translation touch no framework, database or socket",
        ),
        (
            "translation/route.py",
            "socket",
            "Slices and translation touch no framework, database or socket",
        ),
        ("tariffs/service.py", "ricarica.stations.sql", "Only queries and app import sql"),
        ("translation/route.py", "ricarica.stations.queries", "Only screens import queries"),
        (
            "station_gateway/gateway.py",
            "ricarica.stations.model",
            "The station gateway knows no slice",
        ),
    ],
)
def test_an_import_that_looks_the_wrong_way_is_found(
    tree: Path, importer: str, imported: str, name: str
) -> None:
    (tree / importer).write_text(f"import {imported}\n")

    assert name in broken(tree)


def test_imports_that_look_down_are_kept(tree: Path) -> None:
    for importer, imported in (
        ("stations/sql.py", "sqlalchemy"),
        ("stations/queries.py", "ricarica.stations.sql"),
        ("app/wiring.py", "ricarica.stations.sql"),
        ("web/pages.py", "ricarica.stations.queries"),
        ("engine/batches.py", "ricarica.ocpp.dialects"),
        ("simulator/core.py", "ricarica.ocpp.session"),
        ("tariffs/service.py", "ricarica.stations.model"),
    ):
        (tree / importer).write_text(f"import {imported}\n")

    assert broken(tree) == set()


def test_modules_that_import_each_other_are_found(tree: Path) -> None:
    (tree / "tariffs/model.py").write_text("import ricarica.tariffs.service\n")
    (tree / "tariffs/service.py").write_text("import ricarica.tariffs.model\n")

    assert broken(tree) == {"No cycles anywhere"}


def test_a_package_without_a_layer_is_found(tree: Path) -> None:
    (tree / "weather").mkdir()
    (tree / "weather/__init__.py").touch()

    assert broken(tree) == {"Imports only look down"}


@pytest.mark.parametrize(
    "name",
    [
        "Slices know nothing of the wire",
        "Slices and translation touch no framework, database or socket",
    ],
)
def test_every_slice_is_named_in_the_contracts_of_slices(name: str) -> None:
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}

    covered = {source.split(".")[1] for source in contracts()[name]["source_modules"]}

    assert packages - NOT_SLICES <= covered
