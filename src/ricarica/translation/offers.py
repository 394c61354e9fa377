"""What a station can be told: the actions of its dialect, the schema of each, and why some are
not for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from ricarica.ocpp import actions, strict
from ricarica.ocpp.dialects import BY_NAME, Dialect

# OCPP 1.6 §3.4: what belongs to which feature profile. The security extension has none.
PROFILES: Mapping[str, frozenset[str]] = {
    "FirmwareManagement": frozenset({"GetDiagnostics", "UpdateFirmware"}),
    "LocalAuthListManagement": frozenset({"GetLocalListVersion", "SendLocalList"}),
    "RemoteTrigger": frozenset({"TriggerMessage"}),
    "Reservation": frozenset({"CancelReservation", "ReserveNow"}),
    "SmartCharging": frozenset(
        {"ClearChargingProfile", "GetCompositeSchedule", "SetChargingProfile"}
    ),
}
PROFILES_KEY = "SupportedFeatureProfiles"

# The components of the device model that tell whether a station can do it, and does.
CONTROLLERS: Mapping[str, frozenset[str]] = {
    "AuthCacheCtrlr": frozenset({"ClearCache"}),
    "DisplayMessageCtrlr": frozenset(
        {"ClearDisplayMessage", "GetDisplayMessages", "SetDisplayMessage"}
    ),
    "LocalAuthListCtrlr": frozenset({"GetLocalListVersion", "SendLocalList"}),
    "MonitoringCtrlr": frozenset(
        {
            "ClearVariableMonitoring",
            "GetMonitoringReport",
            "SetMonitoringBase",
            "SetMonitoringLevel",
            "SetVariableMonitoring",
        }
    ),
    "ReservationCtrlr": frozenset({"CancelReservation", "ReserveNow"}),
    "SmartChargingCtrlr": frozenset(
        {
            "ClearChargingProfile",
            "GetChargingProfiles",
            "GetCompositeSchedule",
            "SetChargingProfile",
            "UpdateDynamicSchedule",
            "UsePriorityCharging",
        }
    ),
    "TariffCostCtrlr": frozenset(
        {"ChangeTransactionTariff", "ClearTariffs", "CostUpdated", "GetTariffs", "SetDefaultTariff"}
    ),
    "V2XChargingCtrlr": frozenset({"AFRRSignal", "NotifyAllowedEnergyTransfer"}),
    "WebPaymentsCtrlr": frozenset({"NotifyWebPaymentStarted"}),
}
BITS_32 = 2**32  # no limit of the protocol is larger
FALSE = frozenset({"false", "0", "no"})


@dataclass(frozen=True, slots=True)
class Offer:
    """An action, and why the station is not offered it; None: it is."""

    action: str
    why_not: str | None = None


def settings_to_ask(dialect: Dialect) -> tuple[str, ...]:
    """The names of the settings that `offers` wants to know."""
    if dialect.family == "v16":
        return (PROFILES_KEY,)
    members = ("Available", "Enabled")
    return tuple(f"{name}.{member}" for name in CONTROLLERS for member in members)


def offers(
    dialect: Dialect, settings: Mapping[str, str | None], refused: frozenset[str] = frozenset()
) -> tuple[Offer, ...]:
    """By name.

    Args:
        dialect: What the station speaks.
        settings: As far as they are known; what is not known keeps nothing from it.
        refused: Actions that it answered with NotSupported or NotImplemented lately.
    """
    return tuple(
        Offer(action, _why_not(action, dialect, settings, refused))
        for action in sorted(actions.from_csms(dialect))
    )


def _why_not(
    action: str, dialect: Dialect, settings: Mapping[str, str | None], refused: frozenset[str]
) -> str | None:
    if action in refused:
        return "the station has answered that it does not support it"
    if dialect.family == "v16":
        return _not_in_profiles(action, settings.get(PROFILES_KEY))
    return _switched_off(action, settings)


def _not_in_profiles(action: str, told: str | None) -> str | None:
    profile = next((name for name, members in PROFILES.items() if action in members), None)
    if profile is None or not told:
        return None
    supported = {name.strip().casefold() for name in told.split(",")}
    if profile.casefold() in supported:
        return None
    return f"{PROFILES_KEY} does not name {profile}"


def _switched_off(action: str, settings: Mapping[str, str | None]) -> str | None:
    controller = next((name for name, members in CONTROLLERS.items() if action in members), None)
    for member in ("Available", "Enabled"):
        name = f"{controller}.{member}"
        if (settings.get(name) or "").casefold() in FALSE:
            return f"{name} is false"
    return None


def actions_of(dialect_name: str) -> frozenset[str]:
    """What may be said to stations that speak it."""
    return actions.from_csms(BY_NAME[dialect_name])


@cache
def schema_of(dialect_name: str, action: str) -> Mapping[str, Any]:
    """The JSON Schema of a request, as this dialect has it."""
    request = actions.request_type(BY_NAME[dialect_name], action)
    assert request is not None, "asked only for what the dialect knows"
    kind = strict.strict_type(request, dialect_name)
    schema: Mapping[str, Any] = _as_json(msgspec.json.schema(kind, schema_hook=_of_our_own))
    return schema


def _of_our_own(kind: type) -> dict[str, Any]:
    assert kind is strict.Tenths, "no other type is not msgspec's"
    return {"type": "number", "multipleOf": 0.1}


def _as_json(schema: Any) -> Any:
    """As the wire has it: decimals are numbers there, and what is left out is not null."""
    match schema:
        case {"type": "string", "format": "decimal", **rest}:
            return {**_as_json(rest), "type": "number"}
        case {"anyOf": [one, {"type": "null"}], **rest}:
            return {**_as_json(rest), **_as_json(one)}
        case dict():
            return {
                name: _as_json(value)
                for name, value in schema.items()
                if not _says_nothing(name, value)
            }
        case list():
            return [_as_json(each) for each in schema]
        case _:
            return schema


def _says_nothing(name: str, value: Any) -> bool:
    """What is only how we hold it: no default, and whole numbers of 64 bits."""
    return (name == "default" and value is None) or (
        name in ("minimum", "maximum") and abs(value) > BITS_32
    )
