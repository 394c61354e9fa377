from dataclasses import replace

import pytest

from ricarica.kernel.errors import InvalidError, NotFoundError
from ricarica.kernel.ids import DEFAULT_TENANT, SiteId
from ricarica.stations.events import SiteChanged
from ricarica.stations.model import Site
from ricarica.stations.sites import SiteService
from ricarica.testing.memory import MemoryStationStore, Told

HOME = Site(DEFAULT_TENANT, SiteId("home"), "Home", latitude=45.8, longitude=9.1)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def sites(told: Told) -> SiteService:
    return SiteService(MemoryStationStore(), told)


async def test_a_site_is_added_changed_and_removed(sites: SiteService, told: Told) -> None:
    assert await sites.save(replace(HOME, name=" Home ")) == HOME
    moved = replace(HOME, city="Como")
    await sites.save(moved)
    assert await sites.get(DEFAULT_TENANT, HOME.id) == moved

    await sites.remove(DEFAULT_TENANT, HOME.id)

    with pytest.raises(NotFoundError):
        await sites.get(DEFAULT_TENANT, HOME.id)
    assert told.events == [SiteChanged(HOME.id)] * 3


@pytest.mark.parametrize(
    "right",
    [
        replace(HOME, latitude=90.0, longitude=-180.0),
        replace(HOME, latitude=-90.0, longitude=180.0),
        replace(HOME, latitude=None, longitude=None),
        replace(HOME, name="x" * 200),
    ],
)
async def test_a_place_on_earth_is_accepted(sites: SiteService, right: Site) -> None:
    assert await sites.save(right) == right


@pytest.mark.parametrize(
    "wrong",
    [
        replace(HOME, name=" "),
        replace(HOME, name="x" * 201),
        replace(HOME, latitude=90.1),
        replace(HOME, longitude=-180.1),
        replace(HOME, latitude=float("nan")),
        replace(HOME, latitude=None),
        replace(HOME, longitude=None),
    ],
)
async def test_a_place_nowhere_is_refused(sites: SiteService, wrong: Site) -> None:
    with pytest.raises(InvalidError):
        await sites.save(wrong)

    with pytest.raises(NotFoundError):
        await sites.get(DEFAULT_TENANT, HOME.id)
