"""What only 2.1 says of energy: dynamic profiles, priority, bidirectional charging; K21–K29, Q."""

from typing import Any

from ricarica.energy.commands import (
    AllowTransfers,
    SignalFrequency,
    UpdateDynamic,
    UsePriority,
)
from ricarica.energy.facts import PriorityTold
from ricarica.ocpp.v2 import messages as v2
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome
from ricarica.translation.route import Origin, Phrase, Phrases, Route
from ricarica.translation.v2.energy_words import TRANSFER
from ricarica.translation.v2.phrases import result_from
from ricarica.translation.v2.profiles import update_for

INVALID_PROFILE = v2.StatusInfo(reason_code="InvalidProfile")


async def notify_priority_charging(
    req: v2.NotifyPriorityChargingRequest, origin: Origin, slices: Slices
) -> v2.NotifyPriorityChargingResponse:
    # K21.FR.09, K22.FR.06
    await slices.energy.prioritise(
        PriorityTold(origin.station, req.transaction_id, req.activated, origin.received_at)
    )
    return v2.NotifyPriorityChargingResponse()


async def pull_dynamic_schedule_update(
    req: v2.PullDynamicScheduleUpdateRequest, origin: Origin, slices: Slices
) -> v2.PullDynamicScheduleUpdateResponse:
    pulled = await slices.energy.pull(origin.station, req.charging_profile_id, origin.received_at)
    if pulled.amounts is None:  # K28.FR.12
        return v2.PullDynamicScheduleUpdateResponse(
            status=v2.ChargingProfileStatus.Rejected, status_info=INVALID_PROFILE
        )
    return v2.PullDynamicScheduleUpdateResponse(  # K28.FR.07
        status=v2.ChargingProfileStatus.Accepted, schedule_update=update_for(pulled.amounts)
    )


ROUTES = (
    Route(
        "NotifyPriorityCharging",
        v2.NotifyPriorityChargingRequest,
        notify_priority_charging,
        answer_when_put_aside=lambda _: v2.NotifyPriorityChargingResponse(),
    ),
    Route(
        "PullDynamicScheduleUpdate",
        v2.PullDynamicScheduleUpdateRequest,
        pull_dynamic_schedule_update,
    ),
)


async def remember_updated(
    command: UpdateDynamic, response: Any, origin: Origin, slices: Slices
) -> None:
    if result_from(response).outcome is Outcome.ACCEPTED:
        await slices.energy.updated(origin.station, command, origin.received_at)


PHRASES: Phrases = {
    UpdateDynamic: Phrase(
        "UpdateDynamicSchedule",
        lambda command: v2.UpdateDynamicScheduleRequest(
            charging_profile_id=command.id, schedule_update=update_for(command.amounts)
        ),
        result_from,
        remember=remember_updated,
    ),
    UsePriority: Phrase(  # K21.FR.10
        "UsePriorityCharging",
        lambda command: v2.UsePriorityChargingRequest(
            transaction_id=command.transaction, activate=command.activate
        ),
        result_from,
    ),
    AllowTransfers: Phrase(  # Q02.FR.05
        "NotifyAllowedEnergyTransfer",
        lambda command: v2.NotifyAllowedEnergyTransferRequest(
            transaction_id=command.transaction,
            allowed_energy_transfer=[TRANSFER[each] for each in command.transfers],
        ),
        result_from,
    ),
    SignalFrequency: Phrase(  # Q08.FR.12
        "AFRRSignal",
        lambda command: v2.AFRRSignalRequest(timestamp=command.at, signal=command.signal),
        result_from,
    ),
}
