"""Jobs for many stations, and what is thrown away, on both databases."""

from datetime import timedelta

import sqlalchemy as sa

from ricarica.app.alerting import ABSENT, ABSENT_EVERY, HEED, HEED_EVERY, alert_rings
from ricarica.app.retention import TIDY_EVERY, Retention, rings
from ricarica.engine import bulk
from ricarica.engine.bulk import Job, Manner
from ricarica.engine.sayings import Saying
from ricarica.engine.sql import BULK_JOBS, BULK_TARGETS
from ricarica.engine.timers import Ring
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.ids import DEFAULT_TENANT, StationId
from ricarica.storage.open import OpenDatabase
from ricarica.testing.world import World, world


async def test_a_job_is_taken_worked_off_and_at_last_forgotten(migrated: OpenDatabase) -> None:
    async with world(database=migrated) as network:
        now, day = network.clock.now(), timedelta(days=1)
        job = Job(DEFAULT_TENANT, "j", Saying("clear-cache", {}), {}, "anna", now, Manner(pace=600))

        async def begin(unit: UnitOfWork) -> None:
            bulk.begin(unit, job, [StationId("ROMA-1"), StationId("ROMA-2")])

        await network.soon(network.engine.in_unit(DEFAULT_TENANT, begin))
        await network.pass_time(timedelta(seconds=20), timedelta(seconds=10))
        states = await migrated.fetch(sa.select(BULK_TARGETS.c.state))
        network.clock.pass_time(100 * day)
        again = [
            await rung(network, rings(Retention())["tidy"]),
            await rung(network, alert_rings()[ABSENT]),
            await rung(network, alert_rings()[HEED]),
        ]

        assert states == [("skipped",), ("skipped",)]
        assert again == [TIDY_EVERY, ABSENT_EVERY, HEED_EVERY]
        assert await migrated.fetch(sa.select(BULK_JOBS.c.id)) == []


async def rung(network: World, ring: Ring) -> timedelta | None:
    async def look(unit: UnitOfWork) -> timedelta | None:
        return await ring(unit, "")

    return await network.soon(network.engine.in_unit(DEFAULT_TENANT, look))
