"""What one statement for all of a commit says when it did not do what it should."""

import pytest

from ricarica.storage.postgres_sql import WHAT_WENT_WRONG


@pytest.mark.parametrize(
    "text",
    [
        'invalid input syntax for type integer: "lost stations 3"',
        "ungültige Eingabesyntax für Typ integer: »lost stations 3«",
        "syntaxe en entrée invalide pour le type integer : « lost stations 3 »",
        "la sintassi in input per il tipo integer non è valida: «lost stations 3»",
    ],
)
def test_a_lost_update_is_known_in_any_language_of_the_server(text: str) -> None:
    found = WHAT_WENT_WRONG.search(text)

    assert found is not None
    assert (found["table"], found["fenced"]) == ("stations", None)


def test_a_fence_is_known_in_any_language_of_the_server() -> None:
    found = WHAT_WENT_WRONG.search("ungültige Eingabesyntax für Typ integer: »fenced 1«")

    assert found is not None
    assert found["fenced"] == "fenced"


def test_what_somebody_else_wrote_wrong_is_no_lost_update() -> None:
    assert WHAT_WENT_WRONG.search('invalid input syntax for type bigint: "17 lost"') is None
