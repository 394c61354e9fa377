"""What time does to firmware and to logs: by timers, so that a restart forgets nothing."""

from collections.abc import Mapping
from datetime import timedelta

from ricarica.engine.files import FilesSoon
from ricarica.engine.sql import TIMERS
from ricarica.engine.timers import Ring
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.firmware.rollout import STEP_EVERY, Around
from ricarica.kernel.ids import StationKey

LOOK = "files"  # recurs, for all tenants
STEP = "campaign"  # one for each campaign that runs
LOOK_EVERY = timedelta(seconds=30)


def file_rings(files: FilesSoon) -> Mapping[str, Ring]:
    async def look(unit: UnitOfWork, _subject: str) -> timedelta:
        """Give up what is stuck, and set the clock of each campaign that has none yet."""
        slices = unit.slices
        await slices.firmware.give_up(slices.now)
        await slices.diagnostics.give_up(slices.now)
        for tenant, campaign in await slices.campaigns.running():
            unit.work.add(TIMERS, (tenant, STEP, campaign, slices.now), if_new=True)
        return LOOK_EVERY

    async def step(unit: UnitOfWork, campaign: str) -> timedelta | None:
        if files.now is None:
            return STEP_EVERY

        async def is_charging(key: StationKey) -> bool:
            return bool(await unit.slices.transactions.running_at(key))

        around = Around(unit.slices.now, files.now.public_url, is_charging)
        return await unit.slices.campaigns.step(unit.tenant, campaign, around)

    return {LOOK: look, STEP: step}
