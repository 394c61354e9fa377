"""What a start loads is what every start waits for."""

import subprocess
import sys

LOADED = "import sys, ricarica.app.serve; print(*sys.modules)"


def test_whoever_is_on_sqlite_does_not_wait_for_the_driver_of_postgresql() -> None:
    command = [sys.executable, "-c", LOADED]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)

    assert "ricarica.storage.sqlite" in loaded.stdout.split()
    assert not {"asyncpg", "sqlalchemy.orm"} & set(loaded.stdout.split())
