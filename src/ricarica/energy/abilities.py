"""What a station can do with charging profiles, as it tells among its settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ricarica.authorization.model import EnergyTransfer
from ricarica.energy.model import Mode, Purpose, Unit

SMART = "SmartChargingCtrlr"
V2X = "V2XChargingCtrlr"

# By what we ask: the names that stations have for it, those of 2.x first. Of a setting that a
# station may have per EVSE, the place in between is put in.
NAMES: Mapping[str, tuple[str, ...]] = {
    "enabled": (f"{SMART}.Enabled",),
    "units": (f"{SMART}.RateUnit", "ChargingScheduleAllowedChargingRateUnit"),
    "stack_level_max": (f"{SMART}.ProfileStackLevel", "ChargeProfileMaxStackLevel"),
    "periods_max": (f"{SMART}.PeriodsPerSchedule", "ChargingScheduleMaxPeriods"),
    "profiles_max": ("MaxChargingProfilesInstalled",),
    "external_id_max": (f"{SMART}.MaxExternalConstraintsId",),
    "purposes": (f"{SMART}.SupportedAdditionalPurposes",),
    "switches_phases": (f"{SMART}.ACPhaseSwitchingSupported",),
    "dynamic": (f"{SMART}.SupportsFeature#DynamicProfiles",),
    "max_offline": (f"{SMART}.SupportsFeature#MaxOfflineDuration",),
    "local_time": (f"{SMART}.SupportsFeature#UseLocalTime",),
    "randomized_delay": (f"{SMART}.SupportsFeature#RandomizedDelay",),
    "limit_at_soc": (f"{SMART}.SupportsFeature#LimitAtSoC",),
    "evse_sleep": (f"{SMART}.SupportsFeature#EvseSleep",),
    "v2x": (f"{V2X}.Enabled",),
    "iso15118": ("ISO15118Ctrlr.Enabled",),
    "modes": (f"{V2X}.SupportedOperationModes",),
    "transfers": (f"{V2X}.SupportedEnergyTransferModes",),
    "der_modes": ("DCDERCtrlr.ModesSupported", "ACDERCtrlr.ModesSupported"),
}
PER_EVSE = frozenset(
    {"enabled", "switches_phases", "v2x", "iso15118", "modes", "transfers", "der_modes"}
)

UNITS = {"A": Unit.A, "W": Unit.W, "Current": Unit.A, "Power": Unit.W}
PURPOSES = {"PriorityCharging": Purpose.PRIORITY, "LocalGeneration": Purpose.LOCAL_GENERATION}


@dataclass(frozen=True, slots=True)
class Abilities:
    """None: the station did not say, and so it is tried."""

    enabled: bool | None = None
    units: frozenset[Unit] | None = None
    stack_level_max: int | None = None
    periods_max: int | None = None
    profiles_max: int | None = None
    external_id_max: int | None = None
    purposes: frozenset[Purpose] | None = None  # of those that not every station knows
    switches_phases: bool | None = None
    dynamic: bool | None = None
    max_offline: bool | None = None
    local_time: bool | None = None
    randomized_delay: bool | None = None
    limit_at_soc: bool | None = None
    evse_sleep: bool | None = None
    v2x: bool | None = None
    iso15118: bool | None = None
    modes: frozenset[Mode] | None = None
    transfers: frozenset[EnergyTransfer] | None = None
    der_modes: frozenset[str] | None = None


def names_at(evse: int) -> dict[str, tuple[str, ...]]:
    """What to look for, by what it says; an EVSE's own word goes before the station's."""
    return {asked: tuple(_places(asked, names, evse)) for asked, names in NAMES.items()}


def _places(asked: str, names: tuple[str, ...], evse: int) -> list[str]:
    if asked not in PER_EVSE or not evse:
        return list(names)
    return [name.replace(".", f"@{evse}.", 1) for name in names] + list(names)


def abilities_from(told: Mapping[str, str | None], evse: int) -> Abilities:
    """From the settings as the station told them, by its own names."""
    found: dict[str, Any] = {}
    for asked, names in names_at(evse).items():
        values = [value for name in names if (value := told.get(name)) is not None]
        if values:
            found[asked] = READERS[asked](values[0])
    return Abilities(**found)


def _flag(text: str) -> bool:
    return text.strip().casefold() == "true"


def _count(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _units(text: str) -> frozenset[Unit] | None:
    return frozenset(UNITS[word] for word in _words(text) if word in UNITS) or None


def _purposes(text: str) -> frozenset[Purpose]:
    return frozenset(PURPOSES[word] for word in _words(text) if word in PURPOSES)


def _modes(text: str) -> frozenset[Mode]:
    by_letters = {mode.replace("_", ""): mode for mode in Mode}
    words = (word.casefold() for word in _words(text))
    return frozenset(by_letters[word] for word in words if word in by_letters)


def _transfers(text: str) -> frozenset[EnergyTransfer]:
    by_letters = {transfer.casefold(): transfer for transfer in EnergyTransfer}
    words = (word.casefold() for word in _words(text))
    return frozenset(by_letters[word] for word in words if word in by_letters)


def _der_modes(text: str) -> frozenset[str]:
    return frozenset(_words(text))


READERS = {
    **dict.fromkeys(NAMES, _flag),
    **dict.fromkeys(("stack_level_max", "periods_max", "profiles_max", "external_id_max"), _count),
    "units": _units,
    "purposes": _purposes,
    "modes": _modes,
    "transfers": _transfers,
    "der_modes": _der_modes,
}
