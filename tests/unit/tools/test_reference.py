"""The reference says what there is."""

import re
from dataclasses import fields
from pathlib import Path

from ricarica.app.config import Config

REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference"


def test_every_setting_is_in_the_reference() -> None:
    page = (REFERENCE / "configuration.md").read_text(encoding="utf-8")

    described = re.findall(r"^\| `([a-z_]+)` \|", page, re.MULTILINE)

    assert sorted(described) == sorted(field.name for field in fields(Config))


def test_the_defaults_of_the_reference_are_those_of_the_configuration() -> None:
    page = (REFERENCE / "configuration.md").read_text(encoding="utf-8")
    defaults = dict(re.findall(r"^\| `([a-z_]+)` \| `([^`]+)` \|", page, re.MULTILINE))

    for name, described in defaults.items():
        default = getattr(Config(), name)
        assert described == (str(default).lower() if isinstance(default, bool) else str(default))
