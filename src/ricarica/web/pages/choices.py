"""What forms offer to choose from."""

from ricarica.authorization.model import TokenStatus
from ricarica.authorization.queries import TokenFilter, TokenQueries
from ricarica.stations.queries import StationQueries
from ricarica.storage.pages import LIMIT_MAX, Wanted
from ricarica.tariffs.queries import TariffQueries
from ricarica.web.views.lists import Choice
from ricarica.web.visitor import Visitor

EVERYTHING = Wanted(LIMIT_MAX)
SUGGESTED_TOKENS = Wanted(50)  # a list that one can still look through


async def sites_of(visitor: Visitor) -> tuple[Choice, ...]:
    found = await StationQueries(visitor.database).sites(visitor.tenant, EVERYTHING)
    return tuple(Choice(each.site.id, each.site.name) for each in found.items)


async def tariffs_of(visitor: Visitor) -> tuple[Choice, ...]:
    found = await TariffQueries(visitor.database).tariffs(visitor.tenant, EVERYTHING)
    return tuple(Choice(tariff.id, tariff.name) for tariff in found.items)


async def tokens_of(visitor: Visitor) -> tuple[str, ...]:
    """Some that may charge."""
    active = TokenFilter(status=TokenStatus.ACTIVE)
    page = await TokenQueries(visitor.database).tokens(visitor.tenant, active, SUGGESTED_TOKENS)
    return tuple(token.uid for token in page.items)
