"""Which tests say that they show a use case or one of the OCA's test cases: a scan of marks."""

import ast
import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
USECASES = "docs/spec/usecases.tsv"
OCA_TESTS = "docs/spec/oca_tests.tsv"
MARKS = ("usecase", "tc")
Test = ast.FunctionDef | ast.AsyncFunctionDef
OCA_ID = re.compile(r"TC_\w+_CSMS")
FIRST = ("tests/stories/", "tests/conformance/")  # what tells a use case best comes first


class UseCase(NamedTuple):
    id: str
    title: str
    since: str
    role: str
    no_duty: str
    requirements: str

    @property
    def block(self) -> str:
        return self.id[0]

    @property
    def duties(self) -> tuple[str, ...]:
        """The requirements that name the server, as far as they could be told apart."""
        numbers = self.requirements.split(",") if self.requirements else []
        return tuple(f"{self.id}.FR.{number}" for number in numbers)


class OcaTest(NamedTuple):
    id: str
    versions: tuple[str, ...]
    usecases: tuple[str, ...]


class Shown(NamedTuple):
    """The names of tests, by use case and by test case."""

    usecases: Mapping[str, tuple[str, ...]]
    oca_tests: Mapping[str, tuple[str, ...]]

    @property
    def tests(self) -> frozenset[str]:
        found = (*self.usecases.values(), *self.oca_tests.values())
        return frozenset(name for names in found for name in names)


def usecases(root: Path = ROOT) -> tuple[UseCase, ...]:
    return tuple(UseCase(*row) for row in _rows(root / USECASES))


def oca_tests(root: Path = ROOT) -> tuple[OcaTest, ...]:
    return tuple(
        OcaTest(id, tuple(versions.split()), tuple(uses.split(",")) if uses else ())
        for id, versions, uses in _rows(root / OCA_TESTS)
    )


def _rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter="\t"))[1:]


def shown(root: Path = ROOT) -> Shown:
    """A test that shows a test case shows the use cases that this is about, too."""
    about = {each.id: each.usecases for each in oca_tests(root)}
    by_usecase: dict[str, set[str]] = defaultdict(set)
    by_test: dict[str, set[str]] = defaultdict(set)
    for name, mark, id in marks(root):
        if mark == "usecase":
            by_usecase[id].add(name)
            continue
        by_test[id].add(name)
        for usecase in about.get(id, ()):
            by_usecase[usecase].add(name)
    return Shown(_in_order(by_usecase), _in_order(by_test))


def _in_order(found: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return {id: tuple(sorted(found[id], key=_rank)) for id in sorted(found)}


def _rank(name: str) -> tuple[int, str]:
    place = next((at for at, folder in enumerate(FIRST) if name.startswith(folder)), len(FIRST))
    return place, name


def marks(root: Path = ROOT) -> Iterator[tuple[str, str, str]]:
    """Of each marked test: its name, the mark and an id."""
    for path in sorted((root / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        place = path.relative_to(root).as_posix()
        of_all = [found for node in tree.body for found in _of_module(node)]
        for name, test in _tests(tree.body):
            own = [found for each in test.decorator_list for found in _marks_in(each)]
            if _is_long(test.decorator_list):
                continue
            for mark, id in (*of_all, *own):
                yield f"{place}::{name}", mark, id


def _tests(body: list[ast.stmt]) -> Iterator[tuple[str, Test]]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}::{name}", test) for name, test in _tests(node.body))
        elif isinstance(node, Test) and node.name.startswith("test_"):
            yield node.name, node


def _of_module(node: ast.stmt) -> Iterator[tuple[str, str]]:
    names = node.targets if isinstance(node, ast.Assign) else []
    if any(isinstance(name, ast.Name) and name.id == "pytestmark" for name in names):
        assert isinstance(node, ast.Assign), "it has targets"
        yield from _marks_in(node.value)


def _marks_in(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Also in the rows of a parametrization; a row may begin with the id of a test case."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else None
        texts = [str(each.value) for each in node.args if isinstance(each, ast.Constant)]
        if name in MARKS:
            yield from ((name, text) for text in texts)
        elif texts and OCA_ID.fullmatch(texts[0]):
            yield "tc", texts[0]


def _is_long(decorators: list[ast.expr]) -> bool:
    """Left to a make target of its own, so `make test` would not notice its loss."""
    return any(isinstance(each, ast.Attribute) and each.attr == "long" for each in decorators)
