"""The generated files are what the generator writes, from the schemas that are installed."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from ricarica.ocpp.strict import reachable
from tests.wire.ocpp import official

TOOL = Path(__file__).resolve().parents[3] / "tools" / "generate_messages.py"


def test_the_generated_messages_are_in_step_with_the_schemas() -> None:
    done = subprocess.run(
        [sys.executable, TOOL, "--check"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("dialect, kind", list(official.messages()))
def test_every_name_on_the_wire_has_one_in_python(dialect: object, kind: type) -> None:
    fields = [f for part in reachable(kind) for f in msgspec.structs.fields(part)]

    assert all(field.name == field.name.lower() for field in fields)
    assert all(field.name.isidentifier() for field in fields)
