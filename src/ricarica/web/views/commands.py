"""The commands a person can give a station, as forms.

A controller says which of them the station's dialect has a word for; the rest is never shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from ricarica.kernel.ids import StationId
from ricarica.stations.commands import Outcome, Topic, Wait
from ricarica.web.translations import msgid
from ricarica.web.views.lists import Choice


class Command(StrEnum):
    """The values are the last part of POST /stations/{id}/commands/{command}."""

    START = "start"
    STOP = "stop"
    UNLOCK = "unlock"
    AVAILABILITY = "availability"
    RESET = "reset"
    TRIGGER = "trigger"
    READ_SETTINGS = "read-settings"
    CLEAR_CACHE = "clear-cache"


class FieldKind(StrEnum):
    TEXT = "text"
    SELECT = "select"
    CHECKBOX = "checkbox"


@dataclass(frozen=True, slots=True)
class FormField:
    """`label` and `hint` are translated where they are shown."""

    name: str
    label: str
    kind: FieldKind = FieldKind.TEXT
    choices: tuple[Choice, ...] = ()
    hint: str | None = None
    required: bool = False
    suggestions: tuple[str, ...] = ()
    max_length: int = 255


@dataclass(frozen=True, slots=True)
class CommandForm:
    command: Command
    label: str
    explanation: str
    action: str
    """The word on the button that sends it."""
    fields: tuple[FormField, ...] = ()
    is_grave: bool = False
    """It can interrupt someone who is charging."""

    @property
    def may_wait(self) -> bool:
        """Whether it still makes sense when the station is back."""
        return self.command not in (Command.START, Command.STOP, Command.UNLOCK)


@dataclass(frozen=True, slots=True)
class Commands:
    """The buttons of a station page, with the dialogs they open."""

    station: StationId
    forms: tuple[CommandForm, ...]
    is_connected: bool
    may_act: bool
    dialect: str | None = None

    def form(self, command: Command) -> CommandForm | None:
        return next((form for form in self.forms if form.command == command), None)


@dataclass(frozen=True, slots=True)
class CommandOutcome:
    """The answer to POST /stations/{id}/commands/{command}."""

    template: ClassVar[str] = "stations/outcome.html"
    command: Command
    outcome: Outcome
    status: str | None = None
    """The station's own word, e.g. RebootRequired."""
    detail: str | None = None
    answer_json: str | None = None
    took_ms: int | None = None
    error: str | None = None
    """Why it was not even sent, in the viewer's language: a value that makes no sense."""
    kept_until: datetime | None = None
    waited: Wait | None = None
    """Behind what the station had been asked before."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the order that this page was called with."""

    outcome: Outcome | None = None
    detail: str = ""
    problem: str = ""


NOTHING = Told()


OUTCOME_LABELS: Mapping[Outcome, str] = {
    Outcome.ACCEPTED: msgid("Accepted"),
    Outcome.REFUSED: msgid("Refused"),
    Outcome.UNSUPPORTED: msgid("Not supported"),
    Outcome.UNREACHED: msgid("Not reached"),
    Outcome.UNKNOWN: msgid("Unknown outcome"),
}
OUTCOME_TEXTS: Mapping[Outcome, str] = {
    Outcome.ACCEPTED: msgid("The station does it."),
    Outcome.REFUSED: msgid("The station says no."),
    Outcome.UNSUPPORTED: msgid("The station has no word for this."),
    Outcome.UNREACHED: msgid("The station is not connected. Nothing was sent."),
    Outcome.UNKNOWN: msgid(
        "It was sent, and nothing came back in time. Look at the messages before you try again."
    ),
}
OUTCOME_SYMBOLS: Mapping[Outcome, str] = {
    Outcome.ACCEPTED: "done",
    Outcome.REFUSED: "unavailable",
    Outcome.UNSUPPORTED: "unavailable",
    Outcome.UNREACHED: "offline",
    Outcome.UNKNOWN: "unknown",
}

TOPIC_LABELS: Mapping[Topic, str] = {
    Topic.STATUS: msgid("Status of the connectors"),
    Topic.READINGS: msgid("Readings"),
    Topic.HEARTBEAT: msgid("Heartbeat"),
    Topic.BOOT: msgid("Boot notification"),
    Topic.TRANSACTION: msgid("Running transactions"),
    Topic.FIRMWARE: msgid("Progress of a firmware update"),
    Topic.FIRMWARE_PUBLISHING: msgid("Progress of publishing firmware"),
    Topic.DIAGNOSTICS: msgid("Progress of sending diagnostics"),
    Topic.LOG: msgid("Progress of sending a log"),
    Topic.CERTIFICATE: msgid("Request for a station certificate"),
    Topic.V2G_CERTIFICATE: msgid("Request for a V2G certificate"),
    Topic.V2G20_CERTIFICATE: msgid("Request for a V2G certificate of ISO 15118-20"),
    Topic.COMBINED_CERTIFICATE: msgid("Request for a combined certificate"),
    Topic.CUSTOM: msgid("A report of the vendor's own"),
}

_EVSE = FormField("evse", msgid("EVSE"), FieldKind.SELECT, required=True)
_EVSE_OR_STATION = replace(_EVSE, required=False)
_TOPICS = tuple(Choice(topic.value, msg=label) for topic, label in TOPIC_LABELS.items())

CATALOGUE: Mapping[Command, CommandForm] = {
    Command.START: CommandForm(
        Command.START,
        msgid("Start charging"),
        msgid("The station starts a transaction as if this token had been presented to it."),
        msgid("Start"),
        (_EVSE, FormField("token", msgid("Token"), required=True)),
    ),
    Command.STOP: CommandForm(
        Command.STOP,
        msgid("Stop charging"),
        msgid("The transaction ends and the cable is released. The driver pays what was charged."),
        msgid("Stop"),
        (FormField("transaction", msgid("Transaction"), FieldKind.SELECT, required=True),),
        is_grave=True,
    ),
    Command.UNLOCK: CommandForm(
        Command.UNLOCK,
        msgid("Unlock a connector"),
        msgid("Releases a stuck cable. A running transaction on the connector may end."),
        msgid("Unlock"),
        (_EVSE, FormField("connector", msgid("Connector"), FieldKind.SELECT)),
        is_grave=True,
    ),
    Command.AVAILABILITY: CommandForm(
        Command.AVAILABILITY,
        msgid("Change availability"),
        msgid("Out of service, nobody can start. What runs may finish first."),
        msgid("Change"),
        (
            replace(_EVSE_OR_STATION, hint=msgid("Empty means the whole station.")),
            FormField(
                "operative",
                msgid("From now on"),
                FieldKind.SELECT,
                (
                    Choice("true", msg=msgid("In service")),
                    Choice("false", msg=msgid("Out of service")),
                ),
                required=True,
            ),
        ),
    ),
    Command.RESET: CommandForm(
        Command.RESET,
        msgid("Restart the station"),
        msgid("The station is away for some minutes."),
        msgid("Restart"),
        (
            FormField(
                "mode",
                msgid("How"),
                FieldKind.SELECT,
                (
                    Choice("soft", msg=msgid("Gracefully: end transactions, then restart")),
                    Choice("hard", msg=msgid("At once, like a power cut")),
                    Choice("idle", msg=msgid("When nobody charges any more")),
                ),
                required=True,
            ),
        ),
        is_grave=True,
    ),
    Command.TRIGGER: CommandForm(
        Command.TRIGGER,
        msgid("Ask for a report"),
        msgid("The station sends the chosen message at once."),
        msgid("Ask"),
        (
            FormField("topic", msgid("Report"), FieldKind.SELECT, _TOPICS, required=True),
            replace(_EVSE_OR_STATION, hint=msgid("Empty means the whole station.")),
            FormField(
                "custom",
                msgid("Its name"),
                hint=msgid("Only of a report of the vendor's own."),
                max_length=50,
            ),
        ),
    ),
    Command.READ_SETTINGS: CommandForm(
        Command.READ_SETTINGS,
        msgid("Read settings"),
        msgid("Asks the station for all its settings. This can take a minute."),
        msgid("Read"),
    ),
    Command.CLEAR_CACHE: CommandForm(
        Command.CLEAR_CACHE,
        msgid("Clear the token cache"),
        msgid("The station forgets which tokens were accepted, and asks again."),
        msgid("Clear"),
    ),
}


@dataclass(frozen=True, slots=True)
class Targets:
    """What a station's commands can be aimed at."""

    evses: tuple[int, ...] = ()
    connectors: tuple[int, ...] = ()
    """Connector numbers that occur; with only one the field is left out."""
    transactions: tuple[Choice, ...] = ()
    tokens: tuple[str, ...] = ()
    """Suggestions for the token field."""
    reset_modes: frozenset[str] = frozenset({"soft", "hard"})
    """Which of `soft`, `hard` and `idle` the dialect can say."""
    topics: frozenset[Topic] = frozenset(Topic)


def command_forms(offered: Sequence[Command], targets: Targets) -> tuple[CommandForm, ...]:
    """The forms for what the dialect can say, in the order of the catalogue, with their choices."""
    wanted = (form for command, form in CATALOGUE.items() if command in offered)
    return tuple(
        replace(form, fields=tuple(_aimed(field, targets) for field in _needed(form, targets)))
        for form in wanted
    )


def _needed(form: CommandForm, targets: Targets) -> Sequence[FormField]:
    left_out = {"connector"} if len(targets.connectors) <= 1 else set()
    if Topic.CUSTOM not in targets.topics:
        left_out.add("custom")
    return [field for field in form.fields if field.name not in left_out]


def _aimed(field: FormField, targets: Targets) -> FormField:
    if field.name == "token":
        return replace(field, suggestions=targets.tokens)
    choices: Mapping[str, tuple[Choice, ...]] = {
        "evse": _numbers(targets.evses),
        "connector": _numbers(targets.connectors),
        "transaction": targets.transactions,
        "mode": _among(field.choices, targets.reset_modes),
        "topic": _among(field.choices, targets.topics),
    }
    return replace(field, choices=choices.get(field.name, field.choices))


def _numbers(numbers: Sequence[int]) -> tuple[Choice, ...]:
    return tuple(Choice(str(number), str(number)) for number in numbers)


def _among(choices: Sequence[Choice], values: frozenset[str]) -> tuple[Choice, ...]:
    return tuple(choice for choice in choices if choice.value in values)
