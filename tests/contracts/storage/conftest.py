from collections.abc import AsyncIterator

import pytest

from ricarica.storage.open import open_database
from tests.contracts.storage.working import Node, metadata


@pytest.fixture
async def node(database_url: str) -> AsyncIterator[Node]:
    node = Node(open_database(database_url, metadata))
    await node.migrate()
    yield node
    await node.close()
