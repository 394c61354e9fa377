"""What all lists share."""

from collections.abc import Mapping

from ricarica.web.addresses import with_query
from ricarica.web.views.lists import Pager


def pager_of(path: str, query: Mapping[str, str], following: str | None) -> Pager:
    """Forward from page to page, and back to the first."""
    filters = {name: value for name, value in query.items() if name not in ("after", "done")}
    return Pager(
        previous_url=with_query(path, filters) if query.get("after") else None,
        next_url=with_query(path, filters, after=following) if following else None,
    )
