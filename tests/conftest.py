"""For all tests."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.recording import pytest_configure

__all__ = ["pytest_configure"]

LONG = tuple(Path(__file__).parent / name for name in ("e2e", "simulation"))

# How long an example takes says more about what else the machine does than about the code, and
# a check that others wait for must not fail by a new example that it was the first to think of.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is long comes first, so that what is left to share in the end is short."""
    items.sort(key=lambda item: not any(item.path.is_relative_to(folder) for folder in LONG))


def pytest_collection_finish() -> None:
    """Ten thousand tests stay, so the garbage collector need not look through them again."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What drills measured, and which of them this machine does not let us do."""
    passed = [each for each in terminalreporter.getreports("passed") if each.when == "call"]
    figures = [(each.nodeid.partition("::")[2], dict(each.user_properties)) for each in passed]
    drills = [(name, found) for name, found in figures if found.keys() & {"lost", "not_drilled"}]
    if drills:
        terminalreporter.section("drills")
    for name, found in drills:
        told = ", ".join(f"{what} {figure}" for what, figure in found.items())
        terminalreporter.write_line(f"{name}: {told}", red="not_drilled" in found)
