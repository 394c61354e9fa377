"""Battery swapping in 2.1. S01–S04"""

from typing import Any

from ricarica.kernel.ids import EvseNumber
from ricarica.ocpp.v2 import messages as v2
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome
from ricarica.swaps.commands import RequestSwap
from ricarica.swaps.facts import BatteriesMoved, Movement
from ricarica.swaps.model import Battery
from ricarica.translation.route import Origin, Phrase, Phrases, Route
from ricarica.translation.v2.phrases import result_from
from ricarica.translation.v2.words import token_for, token_from

MOVEMENT = {
    v2.BatterySwapEvent.BatteryIn: Movement.IN,
    v2.BatterySwapEvent.BatteryOut: Movement.OUT,
    v2.BatterySwapEvent.BatteryOutTimeout: Movement.NOT_TAKEN,
}


def battery_from(data: v2.BatteryData) -> Battery:
    return Battery(
        data.serial_number,
        EvseNumber(data.evse_id),
        data.soc,
        data.soh,
        data.production_date,
        data.vendor_info,
    )


async def battery_swap(
    req: v2.BatterySwapRequest, origin: Origin, slices: Slices
) -> v2.BatterySwapResponse:
    await slices.swaps.record(
        BatteriesMoved(
            origin.station,
            MOVEMENT[req.event_type],
            req.request_id,
            token_from(req.id_token),
            tuple(map(battery_from, req.battery_data)),
            origin.received_at,
        )
    )
    return v2.BatterySwapResponse()


async def remember_answer(
    command: RequestSwap, response: Any, origin: Origin, slices: Slices
) -> None:
    result = result_from(response)
    refusal = None if result.outcome is Outcome.ACCEPTED else result.words
    await slices.swaps.answered(origin.station, command.number, origin.received_at, refusal)


ROUTES = (
    Route(
        "BatterySwap",
        v2.BatterySwapRequest,
        battery_swap,
        tokens=lambda req: (req.id_token.id_token,),
        answer_when_put_aside=lambda _: v2.BatterySwapResponse(),
    ),
)
PHRASES: Phrases = {
    RequestSwap: Phrase(
        "RequestBatterySwap",
        lambda command: v2.RequestBatterySwapRequest(
            id_token=token_for(command.token), request_id=command.number
        ),
        result_from,
        remember=remember_answer,
    )
}
