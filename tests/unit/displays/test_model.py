"""What a display can show, and what it shall."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ricarica.displays.model import (
    Abilities,
    Content,
    Format,
    Message,
    Moment,
    Priority,
    Shown,
    ShownState,
    Template,
    checked,
    digest_of,
    fitted,
    gone,
    is_there,
    wanted_of,
)
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import DEFAULT_TENANT, SiteId, StationId, StationKey

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
CP_1 = StationId("CP-1")
KEY = StationKey(DEFAULT_TENANT, CP_1)
HELLO = (Content("Hello", language="en"), Content("Ciao", language="it"))
MESSAGE = Message(7, HELLO)
TEMPLATE = Template(DEFAULT_TENANT, "t", 7, "Hello", HELLO, NOON)
USUAL = Abilities()


def test_a_display_that_says_nothing_of_itself_gets_plain_text_in_one_language() -> None:
    assert fitted(MESSAGE, USUAL) == replace(MESSAGE, contents=HELLO[:1])


def test_a_display_gets_the_languages_it_knows() -> None:
    can = Abilities(languages=frozenset({"it", "de"}))

    assert fitted(MESSAGE, can) == replace(MESSAGE, contents=HELLO[1:])
    assert fitted(MESSAGE, Abilities(languages=frozenset({"fr"}))) == "LanguageNotSupported"


@pytest.mark.parametrize(
    ("message", "can", "word"),
    [
        (
            replace(MESSAGE, priority=Priority.ALWAYS_FRONT),
            Abilities(priorities=frozenset({Priority.NORMAL_CYCLE})),
            "NotSupportedPriority",
        ),
        (replace(MESSAGE, moment=Moment.DISCHARGING), USUAL, "NotSupportedState"),
        (
            replace(MESSAGE, contents=(Content("x", Format.QRCODE),)),
            USUAL,
            "NotSupportedMessageFormat",
        ),
    ],
)
def test_why_a_display_cannot_show_it_is_said_in_its_own_words(
    message: Message, can: Abilities, word: str
) -> None:
    assert fitted(message, can) == word


def test_a_station_shows_what_is_meant_for_it_and_has_not_ended() -> None:
    templates = [
        TEMPLATE,
        replace(TEMPLATE, id="off", number=8, is_on=False),
        replace(TEMPLATE, id="other", number=9, station=StationId("CP-2")),
        replace(TEMPLATE, id="site", number=10, site=SiteId("depot")),
        replace(TEMPLATE, id="past", number=11, ends_at=NOON),
    ]

    wanted = wanted_of(templates, CP_1, SiteId("depot"), NOON)

    assert [template.id for template in wanted] == ["t", "site"]


def test_of_messages_that_would_drive_each_other_out_the_newest_is_shown() -> None:
    front = replace(TEMPLATE, priority=Priority.ALWAYS_FRONT)
    newer = replace(front, id="n", number=8, changed_at=NOON + timedelta(minutes=1))

    assert wanted_of([front, newer], CP_1, None, NOON) == [newer]


def test_what_was_told_is_there_until_it_is_to_be_said_otherwise() -> None:
    shown = Shown(KEY, MESSAGE, ShownState.SHOWN, NOON, "t", digest_of(MESSAGE))

    assert is_there(MESSAGE, shown)
    assert not is_there(replace(MESSAGE, priority=Priority.IN_FRONT), shown)
    assert not is_there(MESSAGE, None)


def test_only_what_a_template_put_there_is_taken_away() -> None:
    ours = Shown(KEY, MESSAGE, ShownState.SHOWN, NOON, "t")
    by_hand = Shown(KEY, replace(MESSAGE, number=8), ShownState.SHOWN, NOON)
    refused = Shown(KEY, replace(MESSAGE, number=9), ShownState.REFUSED, NOON, "u")

    assert gone([ours, by_hand, refused], [], NOON) == [ours]
    assert gone([ours], [TEMPLATE], NOON) == []


@pytest.mark.parametrize(
    "contents",
    [
        (),
        (Content(""),),
        (Content("x" * 513),),
        (Content("é", Format.ASCII),),
        (Content("a", language="en"), Content("b", language="EN")),
        (Content("a", language="en-GB-oed"),),
    ],
)
def test_what_no_display_can_show_is_refused(contents: tuple[Content, ...]) -> None:
    with pytest.raises(InvalidError):
        checked(contents)
