"""One server for all tests that do not need one of their own."""

from collections.abc import Iterator

import pytest

from tests.e2e.served import Served, serving


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Whoever connects may charge; tests keep apart by their stations' names."""
    with serving(tmp_path_factory.mktemp("server") / "data") as served:
        yield served
