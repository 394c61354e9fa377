"""The check of the catalogues, on a site of two pages."""

import ast
from pathlib import Path

import pytest

from tools import check_translations

HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
ENGLISH = HEADER + 'msgid "Stations"\nmsgstr ""\n\nmsgid "Charging"\nmsgstr ""\n'
ITALIAN = HEADER + 'msgid "Stations"\nmsgstr "Stazioni"\n\nmsgid "Charging"\nmsgstr "In carica"\n'


@pytest.fixture
def web(tmp_path: Path) -> Path:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "stations.html").write_text("<h1>{{ _('Stations') }}</h1>")
    (tmp_path / "status.py").write_text('LABELS = {"charging": msgid("Charging")}\n')
    write(tmp_path, "en", ENGLISH)
    write(tmp_path, "it", ITALIAN)
    return tmp_path


def write(web: Path, language: str, text: str) -> None:
    path = web / "locale" / language / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_complete_catalogues_pass(web: Path) -> None:
    assert check_translations.main([], web) == 0


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ('msgid "Charging"\nmsgstr "In carica"\n', "", "has no 'Charging'"),
        ('"In carica"', '""', "does not translate 'Charging'"),
        ('msgid "Charging"', '#, fuzzy\nmsgid "Charging"', "is not sure about 'Charging'"),
        ('msgid "Stations"', 'msgid "Sites"', "translates 'Sites', which no page says"),
    ],
)
def test_a_gap_in_a_catalogue_is_found(
    web: Path, capsys: pytest.CaptureFixture[str], before: str, after: str, complaint: str
) -> None:
    write(web, "it", ITALIAN.replace(before, after))

    assert check_translations.main([], web) == 1
    assert complaint in capsys.readouterr().out


def test_a_lost_placeholder_is_found(web: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (web / "status.py").write_text('LABELS = {"charging": msgid("Charging %(power)s")}\n')
    flagged = "#, python-format\n" + 'msgid "Charging %(power)s"'
    write(web, "en", ENGLISH.replace('msgid "Charging"', flagged))
    write(web, "it", ITALIAN.replace('msgid "Charging"', flagged).replace("carica", "%(watt)s"))

    assert check_translations.main([], web) == 1
    assert "unknown named placeholder" in capsys.readouterr().out


def test_an_update_adds_what_is_missing_and_drops_what_is_not_said(web: Path) -> None:
    write(web, "en", ENGLISH.replace("Charging", "Loading"))

    assert check_translations.main(["--update"], web) == 0
    updated = (web / "locale/en/LC_MESSAGES/messages.po").read_text(encoding="utf-8")
    assert 'msgid "Charging"' in updated
    assert "Loading" not in updated


SAYING = """
def refuse(name, limits):
    if name:
        raise InvalidError(f"there is no list {name}")
    log.warning("nobody reads this here")
    if limits.most:
        yield f"a list has {limits.most} entries at most, not {limits.most + 1}"
    return Result(UNREACHED, detail="the station is away" if name else "nobody is there")
"""


def test_what_is_said_when_something_goes_wrong_is_a_text_too() -> None:
    found = set(check_translations.said_in(ast.parse(SAYING)))
    errors = set(check_translations.said_in(ast.parse(SAYING), is_page=True))

    assert errors == {"there is no list %(name)s"}
    assert found - errors == {
        "a list has %(most)s entries at most, not %(most2)s",
        "the station is away",
        "nobody is there",
    }
