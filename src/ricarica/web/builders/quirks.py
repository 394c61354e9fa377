"""What is put up with at one station, in words."""

from collections.abc import Mapping

from ricarica.stations.habits import Habits
from ricarica.stations.model import Station
from ricarica.translation.quirks import known
from ricarica.translation.quirks.models import habits_of
from ricarica.web.translations import msgid
from ricarica.web.views.quirks import HabitsForm, Mended, StationQuirks

TEXTS: Mapping[str, str] = {
    known.CONTROL_CHARACTERS.flag: msgid("control characters within texts"),
    known.NUMBER_FOR_TEXT.flag: msgid("numbers where texts belong"),
    known.TEXT_FOR_NUMBER.flag: msgid("texts where numbers belong"),
    known.DECIMAL_FOR_WHOLE.flag: msgid("decimals where whole numbers belong"),
    known.FRACTION_OF_WH.flag: msgid("registers with fractions of a Wh"),
    known.TEXT_FOR_BOOLEAN.flag: msgid("texts where yes or no belongs"),
    known.TOO_LONG.flag: msgid("texts that are too long"),
    known.TIME_WITHOUT_ZONE.flag: msgid("times without a time zone"),
    known.ZONE_WITHOUT_MINUTES.flag: msgid("time zones without minutes"),
    known.TIME_FORMAT.flag: msgid("times in another format"),
    known.EMPTY_TIME.flag: msgid("empty times"),
    known.UNREADABLE_TIME.flag: msgid("times that cannot be"),
    known.EMPTY_MEMBER.flag: msgid("empty values"),
    known.NULL_ITEM.flag: msgid("nothing within lists"),
    known.OBJECT_FOR_LIST.flag: msgid("single values where lists belong"),
    known.LIST_FOR_OBJECT.flag: msgid("lists where single values belong"),
    known.SPELLING.flag: msgid("words in another spelling"),
    known.UNKNOWN_WORD.flag: msgid("words that nobody knows"),
    known.MISSING_MEMBER.flag: msgid("values that are missing"),
    known.UNREADABLE_MEMBER.flag: msgid("values that make no sense"),
    known.READING_DROPPED.flag: msgid("readings of something unknown"),
    known.CLOCK_AHEAD.flag: msgid("local time told as UTC"),
    known.REGISTER_IN_KWH.flag: msgid("kWh told as Wh"),
    known.EXTRA_MEMBER.flag: msgid("values that do not belong there"),
    "message_id_reuse": msgid("message numbers used again"),
    "unreadable": msgid("messages nobody could read, which were put aside"),
}
HABITS: Mapping[str, str] = {
    "register_in_kwh": msgid("Its energy is in kWh, whatever it says"),
    "hex_tokens": msgid("Starts from afar only for hexadecimal tokens"),
    "free_charging": msgid("Charges without a token"),
    "zero_ends": msgid("Takes a limit of 0 for the end of charging"),
}


def quirks_from(station: Station, mended: Mapping[str, int], days: int) -> StationQuirks:
    habits = habits_of(station)
    return StationQuirks(
        station.key.station,
        days,
        tuple(Mended(flag, count, TEXTS.get(flag)) for flag, count in mended.items()),
        tuple(text for name, text in HABITS.items() if getattr(habits, name)),
        are_of_model=station.habits is None,
        clock_ahead_minutes=habits.clock_ahead_minutes,
        is_pedantic=station.pedantic,
    )


def habits_form(habits: Habits) -> HabitsForm:
    return HabitsForm(
        habits.speaks or "",
        str(habits.clock_ahead_minutes),
        frozenset(name for name in HABITS if getattr(habits, name)),
    )


def habits_typed(form: Mapping[str, str]) -> HabitsForm:
    return HabitsForm(
        form.get("speaks", ""),
        form.get("clock_ahead_minutes", "0").strip() or "0",
        frozenset(name for name in HABITS if form.get(name)),
    )


def habits_from(typed: HabitsForm) -> Habits:
    """Raises ValueError where the minutes are no number."""
    return Habits(
        speaks=typed.speaks or None,
        clock_ahead_minutes=int(typed.clock_ahead_minutes),
        **{name: name in typed.chosen for name in HABITS},
    )
