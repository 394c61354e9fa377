"""Words of the protocol as stations spell them, and what stands for the unknown ones. Data."""

import re
from collections.abc import Mapping
from enum import Enum
from functools import cache
from types import MappingProxyType

from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.ocpp.v16 import messages as v16

Member = tuple[str, str]
"""The name of one of our classes, and of a member on the wire."""

FACTS: frozenset[type[Payload]] = frozenset(
    {
        v16.StartTransactionRequest,
        v16.MeterValuesRequest,
        v16.StopTransactionRequest,
        v2.TransactionEventRequest,
        v2.MeterValuesRequest,
        v16.SecurityEventNotificationRequest,
        v2.SecurityEventNotificationRequest,
        v16.GetConfigurationResponse,
    }
)
"""What happened is taken as it can be read, and so is the one answer that tells of all settings:
asked again, the station would answer alike. Everything else is a question or a state, which
the station can ask or tell again, and only what is listed as harmless is mended in it."""

# By the name of the enum, in whatever case and with whatever between the letters.
MISSPELT: Mapping[str, Mapping[str, str]] = {
    "UnitOfMeasure": {
        "Hz": "Hertz",
        "%": "Percent",
        "C": "Celsius",
        "°C": "Celsius",
        "Amp": "A",
        "Amps": "A",
        "Ampere": "A",
        "Volt": "V",
        "Volts": "V",
        "Watt": "W",
        "Watts": "W",
    },
    "ReadingContext": {
        "Periodic": "Sample.Periodic",
        "Clock": "Sample.Clock",
    },
    "Reason": {
        "EVDisconnect": "EVDisconnected",
        "Deauthorised": "DeAuthorized",
    },
    "TransactionEvent": {
        "Start": "Started",
        "Update": "Updated",
        "End": "Ended",
    },
}

# Where a word of its own means "none of these". A connector's unknown status, or an event of an
# unknown type, is not guessed: whatever we took it for could be wrong.
OTHERS: Mapping[Member, str] = {
    ("BootNotificationRequest", "reason"): "Unknown",
    ("StatusNotificationRequest", "errorCode"): "OtherError",
    ("SampledValue", "context"): "Other",
    ("StopTransactionRequest", "reason"): "Other",
    ("Transaction", "stoppedReason"): "Other",
    # Only shown, never acted on: something there was out of the ordinary.
    ("TransactionEventRequest", "triggerReason"): "AbnormalCondition",
}

# What a fact is taken to say where it must say something and does not.
DEFAULTS: Mapping[Member, int | str | bool] = {
    # Errata 3.18 of 1.6: so stations say that they have lost the number.
    ("StopTransactionRequest", "transactionId"): -1,
    # Nobody by that name may charge, but what a station has begun is recorded.
    ("StartTransactionRequest", "idTag"): "",
    ("TransactionEventRequest", "triggerReason"): "AbnormalCondition",
    ("IdToken", "type"): "Unknown",
    # Whoever tries to write it will hear.
    ("KeyValue", "readonly"): False,
}

# Left out, each of these would turn a reading into one of something else, or all settings to none.
MEANINGFUL: frozenset[Member] = frozenset(
    {
        ("SampledValue", "measurand"),
        ("SampledValue", "phase"),
        ("SampledValue", "location"),
        ("SampledValue", "unit"),
        ("SampledValue", "unitOfMeasure"),
        ("UnitOfMeasure", "unit"),
        ("UnitOfMeasure", "multiplier"),
        ("GetConfigurationResponse", "configurationKey"),
    }
)
DROPPABLE: frozenset[str] = frozenset({"SampledValue", "MeterValue"})
"""Items without which the rest of their fact is still true."""

NEVER_SET = "1970-01-01T00:00:00Z"
KNOWN_BY_TIME: frozenset[Member] = frozenset(
    (name, "timestamp")
    for name in ("StartTransactionRequest", "StopTransactionRequest", "TransactionEventRequest")
)

IN_WHOLE_WH: frozenset[str] = frozenset({"meterStart", "meterStop"})

_BETWEEN = re.compile(r"[\s._/-]")


def spelt(enum: type[Enum], text: str) -> str | None:
    """The word that is meant; None if none is."""
    return spellings(enum).get(squashed(text))


@cache
def spellings(enum: type[Enum]) -> Mapping[str, str]:
    """The words of an enum by their letters alone."""
    words = {str(word.value) for word in enum}
    misspelt = MISSPELT.get(enum.__name__, {})
    return MappingProxyType(
        {squashed(wrong): right for wrong, right in misspelt.items() if right in words}
        | {squashed(word): word for word in words}
    )


def squashed(text: str) -> str:
    return _BETWEEN.sub("", text).casefold()
