from pathlib import Path

import pytest

from ricarica.app.alone import alone
from ricarica.kernel.errors import ConflictError


def test_a_second_server_on_the_same_directory_is_refused(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(ConflictError, match="another server"), alone(tmp_path):
        pass


def test_a_directory_is_free_again_when_its_server_has_stopped(tmp_path: Path) -> None:
    with alone(tmp_path):
        pass

    with alone(tmp_path):
        pass
