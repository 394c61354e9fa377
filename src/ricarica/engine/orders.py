"""What people and programs can tell a station, and how that becomes a command."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ricarica.access.model import Actor
from ricarica.authorization.commands import ClearCache
from ricarica.authorization.model import TokenRef
from ricarica.configuration.commands import ReportSettings, WriteSetting
from ricarica.energy.commands import (
    AskComposite,
    AskDer,
    AskProfiles,
    ClearDer,
    ClearProfiles,
    SetDer,
    SetProfile,
    SignalFrequency,
    UpdateDynamic,
)
from ricarica.kernel.errors import ConflictError, InvalidError
from ricarica.kernel.ids import ConnectorNumber, EvseNumber, StationKey, TransactionId
from ricarica.slices import Slices
from ricarica.stations.commands import (
    ChangeAvailability,
    Reset,
    Topic,
    Trigger,
    Unlock,
    check_place,
)
from ricarica.stations.model import Acceptance, Station
from ricarica.transactions.commands import StartCharging, StopCharging
from ricarica.translation.quirks.models import habits_of

HEX = re.compile(r"[0-9A-Fa-f]{8,20}")

FROM_AFAR = frozenset(
    {
        "RemoteStartTransaction",
        "RemoteStopTransaction",
        "RequestStartTransaction",
        "RequestStopTransaction",
    }
)
"""The requests that a station which waits to be accepted is not told."""

# By the names that people see, with what a dialect needs words for to carry them out.
ORDERS: Mapping[str, type] = {
    "start": StartCharging,
    "stop": StopCharging,
    "reset": Reset,
    "unlock": Unlock,
    "availability": ChangeAvailability,
    "trigger": Trigger,
    "clear-cache": ClearCache,
    "settings": ReportSettings,
    "write-settings": WriteSetting,
    "set-profile": SetProfile,
    "charging-limit": SetProfile,
    "clear-profile": ClearProfiles,
    "clear-profiles": ClearProfiles,
    "update-dynamic": UpdateDynamic,
    "report-profiles": AskProfiles,
    "composite": AskComposite,
    "afrr": SignalFrequency,
    "set-der": SetDer,
    "report-der": AskDer,
    "clear-der": ClearDer,
}


async def start_order(
    slices: Slices,
    key: StationKey,
    token: str | None,
    evse: EvseNumber | None,
    connector: ConnectorNumber | None = None,
) -> StartCharging:
    """Without a token, the operator's own is used; without an EVSE, the one that waits for it.

    Raises:
        InvalidError: a connector of nobody knows which EVSE.
        ConflictError: the station waits to be accepted, or would never start for such a token.
    """
    check_place(evse, connector)
    station = await slices.stations.get(key)
    check_accepted(station)
    group = None
    if token is None:
        ref = await slices.authorization.desk(key.tenant, slices.now)
    else:
        known = await slices.authorization.find(key.tenant, TokenRef(token))
        ref = TokenRef(known.uid, known.kind) if known else TokenRef(token)
        group = known.group if known else None
    if habits_of(station).hex_tokens and not HEX.fullmatch(ref.uid):
        raise ConflictError(
            f"{key.station} starts only for tokens in hexadecimal digits, not for {ref.shown}"
        )
    if evse is None:
        evse = await slices.stations.evse_to_start(key)  # some stations refuse to choose one
    return StartCharging(ref, slices.ids.wire_number(), evse, connector, group)


async def stop_order(
    slices: Slices,
    key: StationKey,
    transaction: TransactionId | None,
    evse: EvseNumber | None = None,
) -> StopCharging:
    """Without a transaction, the one that runs: at the EVSE, if one is named.

    Raises:
        NotFoundError: there is no such transaction.
        InvalidError: it is another station's.
        ConflictError: the station waits to be accepted, the transaction has ended, or it is not
            clear which is meant.
    """
    check_accepted(await slices.stations.get(key))
    if transaction is None:
        running = await slices.transactions.running_at(key, evse)
        if len(running) != 1:
            count = len(running) or "no"
            raise ConflictError(f"{count} transactions run there; name the one to stop")
        return StopCharging(running[0].ref)
    known = await slices.transactions.get(key.tenant, transaction)
    if known.station != key:
        raise InvalidError(f"transaction {transaction} is not one of {key.station}")
    if not known.is_running:
        raise ConflictError(f"transaction {transaction} has ended already")
    return StopCharging(known.ref)


def check_accepted(station: Station) -> None:
    """B02.FR.05, OCPP 1.6 §4.2.1: until then nothing is started or stopped from afar.

    Raises:
        ConflictError: it has not been accepted.
    """
    if station.acceptance is not Acceptance.ACCEPTED:
        raise ConflictError(f"{station.key.station} has not been accepted yet; accept it first")


async def trigger_orders(slices: Slices, key: StationKey, trigger: Trigger) -> list[Trigger]:
    """A status is told of one connector, so of all there are they are asked one by one."""
    if trigger.topic is not Topic.STATUS or trigger.evse is not None:
        return [trigger]
    outlets = await slices.stations.outlets(key)
    # F06.FR.13. Some stations never recover from being asked for connector 0.
    each = [replace(trigger, evse=evse, connector=connector) for evse, connector in outlets]
    return each or [trigger]


def merged(answers: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What a station answered to the parts of one order, as one answer."""
    whole: dict[str, Any] = {}
    for answer in answers:
        for name, value in answer.items():
            known = whole.get(name)
            if isinstance(known, dict) and isinstance(value, dict):
                whole[name] = {**known, **value}
            elif isinstance(known, list) and isinstance(value, list):
                whole[name] = [*known, *value]
            else:
                whole[name] = value
    return whole


def note_order(
    slices: Slices,
    actor: Actor,
    key: StationKey,
    name: str,
    outcome: str,
    detail: Mapping[str, object],
) -> None:
    """A line in the audit log: who told the station what, and how it ended."""
    slices.access.audit(
        actor,
        f"station.{name}",
        f"station:{key.station}",
        slices.now,
        outcome=outcome,
        detail=dict(detail),
    )
