"""The way through the sections."""

from ricarica.web.views.visit import NAVIGATION, Section


def test_no_two_sections_have_one_letter() -> None:
    letters = [entry.key for entry in NAVIGATION]

    assert len(set(letters)) == len(letters)


def test_every_section_is_entered_once() -> None:
    assert sorted(entry.section for entry in NAVIGATION) == sorted(Section)
