"""The versions of OCPP-J that we speak, told apart by what is peculiar to each.

Nobody compares versions: who needs to know asks for the peculiarity by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Dialect:
    name: str
    subprotocol: str
    family: str
    """Which message types it uses, "v16" or "v2"."""
    has_unanswered_calls: bool
    """Knows SEND, message type 6."""
    has_result_errors: bool
    """Knows CALLRESULTERROR, message type 5."""
    formation_violation: str
    occurrence_violation: str
    missing_member: str
    """The error code when a required member is not there."""
    malformed_call: str
    """The error code for a CALL that has not its four elements."""
    answers_unreadable_frames: bool
    """Answers what is no frame with a CALLERROR of id "-1". Many 1.6 stations choke on it."""
    answers_unknown_message_types: bool
    boots_first: bool
    """Says nothing before its first boot was accepted. Some 1.6 stations never boot at all."""
    resets_when_idle: bool
    """Can be told to restart once nobody charges any more."""
    reserves_plugs: bool
    """Can be told to hold a type of connector, wherever there is one."""
    names_resuming: bool
    """Has a word for a transaction that goes on after a restart."""
    has_payments: bool
    """Knows tokens that are payments."""
    trusts_for_cars: bool
    """Its stations keep roots by which cars and their contracts are verified."""
    tells_profiles: bool
    """Its stations can be asked which charging profiles they have."""

    def __str__(self) -> str:
        return self.name


V16 = Dialect(
    name="1.6",
    subprotocol="ocpp1.6",
    family="v16",
    has_unanswered_calls=False,
    has_result_errors=False,
    # OCPP-J 1.6 §4.2.3, table 7: both codes are misspelt there, and kept so.
    formation_violation="FormationViolation",
    occurrence_violation="OccurenceConstraintViolation",
    missing_member="ProtocolError",
    malformed_call="FormationViolation",
    answers_unreadable_frames=False,
    answers_unknown_message_types=False,
    boots_first=False,
    resets_when_idle=False,
    reserves_plugs=False,
    names_resuming=False,
    has_payments=False,
    trusts_for_cars=False,
    tells_profiles=False,
)
V201 = Dialect(
    name="2.0.1",
    subprotocol="ocpp2.0.1",
    family="v2",
    has_unanswered_calls=False,
    has_result_errors=False,
    formation_violation="FormatViolation",
    occurrence_violation="OccurrenceConstraintViolation",
    missing_member="OccurrenceConstraintViolation",
    malformed_call="RpcFrameworkError",
    answers_unreadable_frames=True,
    # OCPP-J 2.0.1 §4.4; the table of §4.1.3 says to ignore them, and 2.1 does.
    answers_unknown_message_types=True,
    boots_first=True,
    resets_when_idle=True,
    reserves_plugs=True,
    names_resuming=False,
    has_payments=False,
    trusts_for_cars=True,
    tells_profiles=True,
)
V21 = replace(
    V201,
    name="2.1",
    subprotocol="ocpp2.1",
    has_unanswered_calls=True,
    has_result_errors=True,
    answers_unknown_message_types=False,
    names_resuming=True,
    has_payments=True,
)

DIALECTS = (V16, V201, V21)
BY_SUBPROTOCOL: Mapping[str, Dialect] = {dialect.subprotocol: dialect for dialect in DIALECTS}
BY_NAME: Mapping[str, Dialect] = {dialect.name: dialect for dialect in DIALECTS}
