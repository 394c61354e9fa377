"""The reference says what there is."""

import re
from dataclasses import fields
from pathlib import Path

from ricarica.app.config import Config

ROOT = Path(__file__).resolve().parents[3]
REFERENCE = ROOT / "docs" / "reference"
SOURCE = ROOT / "src" / "ricarica"


def test_every_setting_is_in_the_reference() -> None:
    page = (REFERENCE / "configuration.md").read_text(encoding="utf-8")

    described = re.findall(r"^\| `([a-z0-9_]+)` \|", page, re.MULTILINE)

    assert sorted(described) == sorted(field.name for field in fields(Config))


def test_the_defaults_of_the_reference_are_those_of_the_configuration() -> None:
    page = (REFERENCE / "configuration.md").read_text(encoding="utf-8")
    defaults = dict(re.findall(r"^\| `([a-z0-9_]+)` \| `([^`]+)` \|", page, re.MULTILINE))

    for name, described in defaults.items():
        default = getattr(Config(), name)
        assert described == (str(default).lower() if isinstance(default, bool) else str(default))


def test_the_events_that_operators_are_told_of_are_logged() -> None:
    page = (REFERENCE.parent / "howto" / "monitoring.md").read_text(encoding="utf-8")
    table = page.partition("| event | says |")[2].partition("\n\n")[0]
    sources = [path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py")]

    told = {name for line in table.splitlines() for name in re.findall(r"`([a-z_.]+)`", line)}

    assert len(told) >= 8
    for name in told:
        logged = re.compile(rf'(?:log\.\w+|_tell)\(\s*"{re.escape(name)}"')
        assert any(logged.search(text) for text in sources), name
