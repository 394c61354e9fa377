import pytest

from ricarica.web.translations import LANGUAGES, Words, load_translations, preferred_language


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_language_has_a_catalogue(language: str) -> None:
    assert load_translations(language).info()["language"] == language


def test_english_texts_are_their_own_names() -> None:
    assert load_translations("en").gettext("Stations") == "Stations"


def test_italian_counts_in_italian() -> None:
    catalogue = load_translations("it")
    forms = ("%(number)s transaction", "%(number)s transactions")

    assert catalogue.ngettext(*forms, 1) == "%(number)s transazione"
    assert catalogue.ngettext(*forms, 2) == "%(number)s transazioni"


@pytest.mark.parametrize(
    "cookie,accepted,language",
    [
        ("it", "en", "it"),
        (None, "it-IT,it;q=0.9,en;q=0.8", "it"),
        (None, "de-DE,de;q=0.9,it;q=0.5", "it"),
        (None, "", "en"),
        ("../../etc", "fr", "en"),
    ],
)
def test_the_choice_wins_over_the_browser(cookie: str | None, accepted: str, language: str) -> None:
    assert preferred_language(cookie, accepted) == language


@pytest.mark.parametrize(
    "said,italian",
    [
        ("Stations", "Stazioni"),
        ("there is no template X", "il modello X non esiste"),
        ("Rejected the station is not connected", "Rejected la stazione non è connessa"),
        (
            "not yet: the station is not connected; it never answered",
            "non ancora: la stazione non è connessa; non ha mai risposto",
        ),
        ("Overheated at 3 pm", "Overheated at 3 pm"),
        ("", ""),
    ],
)
def test_what_others_say_is_told_in_italian(said: str, italian: str) -> None:
    assert Words("it").of(said) == italian
    assert Words("en").of(said) == said
