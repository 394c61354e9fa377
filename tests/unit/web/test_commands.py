from ricarica.kernel.ids import StationId
from ricarica.stations.commands import Topic
from ricarica.web.views.commands import (
    CATALOGUE,
    Command,
    Commands,
    FormField,
    Targets,
    command_forms,
)
from ricarica.web.views.lists import Choice


def field(command: Command, name: str, targets: Targets) -> FormField:
    (form,) = command_forms([command], targets)
    return next(field for field in form.fields if field.name == name)


def values(found: FormField) -> list[str]:
    return [choice.value for choice in found.choices]


def test_only_what_the_dialect_can_say_is_offered() -> None:
    forms = command_forms([Command.RESET, Command.START], Targets(evses=(1,)))

    assert [form.command for form in forms] == [Command.START, Command.RESET]


def test_every_command_has_a_form() -> None:
    assert set(CATALOGUE) == set(Command)


def test_a_station_with_one_connector_per_evse_is_not_asked_for_it() -> None:
    (form,) = command_forms([Command.UNLOCK], Targets(evses=(1, 2), connectors=(1,)))

    assert [one.name for one in form.fields] == ["evse"]


def test_a_second_connector_makes_the_question_necessary() -> None:
    targets = Targets(evses=(1,), connectors=(1, 2))

    assert values(field(Command.UNLOCK, "connector", targets)) == ["1", "2"]


def test_waiting_until_idle_is_offered_only_where_there_is_a_word_for_it() -> None:
    assert values(field(Command.RESET, "mode", Targets())) == ["soft", "hard"]
    with_idle = Targets(reset_modes=frozenset({"soft", "idle"}))
    assert values(field(Command.RESET, "mode", with_idle)) == ["soft", "idle"]


def test_only_reports_the_dialect_knows_can_be_asked_for() -> None:
    targets = Targets(topics=frozenset({Topic.HEARTBEAT}))

    assert values(field(Command.TRIGGER, "topic", targets)) == ["heartbeat"]


def test_running_transactions_can_be_chosen_to_stop() -> None:
    targets = Targets(transactions=(Choice("t-1", "EVSE 1"),))

    assert values(field(Command.STOP, "transaction", targets)) == ["t-1"]


def test_a_form_is_found_by_the_name_in_its_address() -> None:
    forms = command_forms([Command.RESET], Targets())
    offered = Commands(StationId("CP-1"), forms, is_connected=True, may_act=True)

    assert offered.form(Command("reset")) is forms[0]
    assert offered.form(Command.START) is None
