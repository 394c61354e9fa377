import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
ROW = re.compile(r"^\| (\d+) \| (.+) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"def test_quirk_(\d+(?:_and_\d+)*)_")
NOT_SPOKEN = {"72", "73"}  # SOAP


def test_every_quirk_is_in_the_catalogue_once() -> None:
    page = (ROOT / "docs/reference/quirks.md").read_text()

    assert [int(number) for number, *_ in ROW.findall(page)] == list(range(1, 76))


def test_every_quirk_of_what_is_spoken_is_shown_by_a_test_that_has_its_number() -> None:
    page = (ROOT / "docs/reference/quirks.md").read_text()
    listed = {number for number, *_ in ROW.findall(page)}

    shown = {
        number
        for path in (ROOT / "tests").rglob("test_*.py")
        for numbers in TEST.findall(path.read_text())
        for number in numbers.split("_and_")
    }

    assert listed - shown == NOT_SPOKEN
