"""Every table there is: importing this module completes the metadata."""

from ricarica.storage.columns import metadata

__all__ = ["metadata"]
