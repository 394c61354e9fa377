"""The habits of stations that we put up with, and why. Data: nothing here does anything."""

from dataclasses import dataclass

FLAG = "mended:"


@dataclass(frozen=True, slots=True)
class Quirk:
    """`name` is what the log of messages flags; `reason`: who does so, and what we make of it."""

    name: str
    reason: str

    @property
    def flag(self) -> str:
        return FLAG + self.name


CONTROL_CHARACTERS = Quirk(
    "control_characters",
    "Wallbe sends bytes like NUL within texts; they are left out (evcc-io/evcc#3685)",
)
NUMBER_FOR_TEXT = Quirk(
    "number_for_text",
    "OpenEVSE and others send readings as numbers; read as their digits"
    " (lbbrhzn/ocpp#210, mobilityhouse/ocpp#353, #707)",
)
TEXT_FOR_NUMBER = Quirk("text_for_number", "serializers that write every number as text; read")
DECIMAL_FOR_WHOLE = Quirk(
    "decimal_for_whole", "a whole number with a point or an exponent, e.g. 1000.0; read"
)
FRACTION_OF_WH = Quirk(
    "fraction_of_wh", "a register finer than the protocol's whole Wh; rounded to the nearest"
)
TEXT_FOR_BOOLEAN = Quirk("text_for_boolean", '"true" and 1 for true, and their like; read')
TOO_LONG = Quirk(
    "too_long",
    "tokens of 21 characters, serial numbers of 33, models of more than 20, and numbers of"
    " transactions beyond 64 bits; kept whole (lbbrhzn/ocpp#1803, #899, mobilityhouse/ocpp#122)",
)
TIME_WITHOUT_ZONE = Quirk(
    "time_without_zone",
    "Growatt THOR and others leave the time zone out; taken as UTC"
    " (evcc-io/evcc#10399, lorenzodonini/ocpp-go#237)",
)
ZONE_WITHOUT_MINUTES = Quirk(
    "zone_without_minutes", "+02 for +02:00; read (monta-app/ocpp-emulator#5, #53)"
)
TIME_FORMAT = Quirk(
    "time_format", "four brands, four date formats; read (lorenzodonini/ocpp-go#34)"
)
EMPTY_TIME = Quirk(
    "empty_time", "a time that must be told is empty; the time of receipt (EVerest/libocpp#808)"
)
UNREADABLE_TIME = Quirk(
    "unreadable_time",
    "a time that no calendar has, e.g. in the year 222222017; the time of receipt (CVE-2023-52096)",
)
EMPTY_MEMBER = Quirk(
    "empty_member",
    "an empty text, list or object for what may be left out; left out (EVerest/libocpp#808)",
)
NULL_ITEM = Quirk("null_item", "null among the items of a list; left out")
OBJECT_FOR_LIST = Quirk(
    "object_for_list", "Huawei sends the only item without its list; wrapped (lbbrhzn/ocpp#1144)"
)
LIST_FOR_OBJECT = Quirk("list_for_object", "an object within a list of its own; unwrapped")
SPELLING = Quirk(
    "spelling",
    "a word of the protocol in other letters, e.g. Current.import or Hz; read"
    " (lbbrhzn/ocpp#1576, matth-x/MicroOcpp#128)",
)
UNKNOWN_WORD = Quirk(
    "unknown_word",
    "a word that the protocol does not have, e.g. Legrand's errorCode Error, where it has one"
    " for all others; that one (lbbrhzn/ocpp#1248, #361)",
)
MISSING_MEMBER = Quirk(
    "missing_member", "what must be told is not told, or not readable, but has a safe default"
)
UNREADABLE_MEMBER = Quirk(
    "unreadable_member", "what may be left out makes no sense; the rest of the fact is taken"
)
READING_DROPPED = Quirk(
    "reading_dropped",
    "a reading of an unknown measurand, unit, phase or place, or no number; left out, for"
    " without that word it would be taken for the energy register (lbbrhzn/ocpp#361)",
)
CLOCK_AHEAD = Quirk(
    "clock_ahead",
    "its clock is set to local time and told as UTC; put right by the hours its operator gave"
    " (steve-community/steve#136)",
)
REGISTER_IN_KWH = Quirk(
    "register_in_kwh",
    "OpenEVSE once counted in kWh and called it Wh; read as what its operator says it is"
    " (OpenEVSE/ESP32_WiFi_V4.x#703)",
)
EXTRA_MEMBER = Quirk(
    "extra_member",
    "members that the protocol does not have, e.g. connectorId in Authorize; read over"
    " (evcc-io/evcc#14579)",
)
