"""What a station does in its own way, said by its operator or known of its model."""

import msgspec

from ricarica.kernel.errors import InvalidError

CLOCK_AHEAD_MINUTES_MAX = 14 * 60  # the widest offset of any time zone
SUBPROTOCOLS = ("ocpp1.6", "ocpp2.0.1", "ocpp2.1")


class Habits(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """As the specification says, unless something is set here.

    `speaks`: the only subprotocol it is to speak; one who offers none is let in with it.
    `clock_ahead_minutes`: what it tells as UTC is local time.
    `register_in_kwh`: its energy is in kWh, though it says Wh, or says nothing.
    `hex_tokens`: it starts from afar only for tokens in hexadecimal digits.
    `free_charging`: it charges without a token, and leaves it out.
    `zero_ends`: a limit of nothing ends its transactions, which a pause does not.
    """

    speaks: str | None = None
    clock_ahead_minutes: int = 0
    register_in_kwh: bool = False
    hex_tokens: bool = False
    free_charging: bool = False
    zero_ends: bool = False


PLAIN = Habits()


def checked(habits: Habits) -> Habits:
    """
    Raises:
        InvalidError: there is no such subprotocol or offset.
    """
    if habits.speaks is not None and habits.speaks not in SUBPROTOCOLS:
        raise InvalidError(f"`speaks` is one of {', '.join(SUBPROTOCOLS)}, not {habits.speaks}")
    if abs(habits.clock_ahead_minutes) > CLOCK_AHEAD_MINUTES_MAX:
        raise InvalidError(
            f"`clock_ahead_minutes` is from -{CLOCK_AHEAD_MINUTES_MAX} to {CLOCK_AHEAD_MINUTES_MAX}"
        )
    return habits
