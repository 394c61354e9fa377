from pathlib import Path

import pytest

from tools import coverage_matrix, requirements
from tools.shown import marks, shown, usecases

SOURCE = """
import pytest

pytestmark = pytest.mark.usecase("B01")


@pytest.mark.tc("TC_B_01_CSMS", "TC_B_02_CSMS")
async def test_one(): ...


@pytest.mark.parametrize("a", [pytest.param(1, marks=pytest.mark.usecase("E07"))])
def test_two(a): ...


@orders(Order("TC_B_20_CSMS", "Reset", {}))
def test_three(order): ...


@pytest.mark.long
@pytest.mark.usecase("K01")
def test_left_out(): ...


class TestFour:
    @pytest.mark.usecase("G01")
    def test_five(self): ...
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_some.py").write_text(SOURCE)
    spec = tmp_path / "docs" / "spec"
    spec.mkdir(parents=True)
    (spec / "oca_tests.tsv").write_text(
        "id\tversions\tuse cases\nTC_B_20_CSMS\t2.0.1 2.1\tB11\nTC_B_01_CSMS\t2.1\t\n"
    )
    return tmp_path


def test_marks_are_found_wherever_they_stand(project: Path) -> None:
    assert set(marks(project)) == {
        ("tests/test_some.py::test_one", "usecase", "B01"),
        ("tests/test_some.py::test_one", "tc", "TC_B_01_CSMS"),
        ("tests/test_some.py::test_one", "tc", "TC_B_02_CSMS"),
        ("tests/test_some.py::test_two", "usecase", "B01"),
        ("tests/test_some.py::test_two", "usecase", "E07"),
        ("tests/test_some.py::test_three", "usecase", "B01"),
        ("tests/test_some.py::test_three", "tc", "TC_B_20_CSMS"),
        ("tests/test_some.py::TestFour::test_five", "usecase", "B01"),
        ("tests/test_some.py::TestFour::test_five", "usecase", "G01"),
    }


def test_a_test_case_shows_the_use_case_that_it_is_about(project: Path) -> None:
    assert shown(project).usecases["B11"] == ("tests/test_some.py::test_three",)


def test_there_are_as_many_use_cases_as_the_specification_has() -> None:
    known = usecases()

    assert len(known) == len({each.id for each in known}) == 178


def test_a_named_test_that_did_not_pass_is_complained_about(tmp_path: Path) -> None:
    ran = tmp_path / "ran.json"
    named = sorted(shown().tests)
    ran.write_text('{"passed": [], "flown": {}}')

    complaints = list(coverage_matrix.unproved(ran))

    assert any(line.startswith(f"{named[0]} ") for line in complaints)
    assert "Heartbeat was not answered over any wire in 1.6 (in)" in complaints
    assert "TriggerMessage was not answered over any wire in 2.1 (out)" in complaints


@pytest.mark.parametrize(
    ("line", "cited"),
    [
        ("# B02.FR.09, B03.FR.07; by the errata", {"B02.FR.09", "B03.FR.07"}),
        ("(B08.FR.11, FR.20 ff.)", {"B08.FR.11", "B08.FR.20"}),
        ("E13.FR.02-04", {"E13.FR.02", "E13.FR.03", "E13.FR.04"}),
        ("FR.07 of nothing", set()),
    ],
)
def test_requirements_are_read_as_people_cite_them(line: str, cited: set[str]) -> None:
    assert requirements.requirements_in(line) == cited
