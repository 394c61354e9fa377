"""Every table there is: importing this module completes the metadata."""

import ricarica.access.sql
import ricarica.engine.sql  # noqa: F401 - imported for their tables
from ricarica.storage.columns import metadata

__all__ = ["metadata"]
