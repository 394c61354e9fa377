"""Which stations are known to have which habits. Data."""

import re
from dataclasses import dataclass
from functools import lru_cache

from ricarica.stations.habits import PLAIN, Habits
from ricarica.stations.model import Station

MODELS_REMEMBERED = 1_000  # different models and firmwares that one network has


@dataclass(frozen=True, slots=True)
class Known:
    """`vendor`, `model` and `firmware`: expressions that match from the beginning, in any case.

    `since`: when it was found, year and month.
    """

    vendor: str
    habits: Habits
    reason: str
    since: str
    model: str = ""
    firmware: str = ""


# What changes how energy or time is read is never in here: only an operator can know it.
KNOWN: tuple[Known, ...] = (
    Known(
        "Alfen",
        Habits(hex_tokens=True),
        "starts from afar only for hexadecimal tokens (lbbrhzn/ocpp#514, #1671)",
        "2022-09",
    ),
    Known(
        "Huawei",
        Habits(zero_ends=True),
        "takes a limit of 0 for the end of the transaction (evcc-io/evcc#29272, #29274)",
        "2026-04",
    ),
)


def habits_of(station: Station) -> Habits:
    """What was said of this very station, else what is known of its model."""
    if station.habits is not None:
        return station.habits
    if station.vendor is None:
        return PLAIN
    return known_habits(station.vendor, station.model or "", station.firmware or "")


@lru_cache(MODELS_REMEMBERED)
def known_habits(vendor: str, model: str, firmware: str) -> Habits:
    said = (vendor, model, firmware)
    for known in KNOWN:
        patterns = (known.vendor, known.model, known.firmware)
        if all(re.match(p, s, re.IGNORECASE) for p, s in zip(patterns, said, strict=True)):
            return known.habits
    return PLAIN
