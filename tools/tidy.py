"""Check what no other tool checks: sizes, names, words, and where the clock may be read.

Run as `python tools/tidy.py [FOLDER]`. A finding says where it is, what is wrong and how to mend
it.
Standard library only, so that it runs before anything is installed.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import NamedTuple

FUNCTION_LINES_MAX = 60
MODULE_LINES_MAX = 500
PARAMETERS_MAX = 6

SOURCE = ("src/", "tools/", "bench/", "tests/")
PACKAGE = "src/ricarica/"
GENERATED = re.compile(r"src/ricarica/ocpp/\w+/messages\.py")
MIGRATIONS = f"{PACKAGE}storage/migrations/versions/"  # a tool writes them, nobody edits them

EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}
EMPTY_CLASS_NAME = re.compile(r"(Manager|Impl|Base|Helper|Utils?)$|^Base[A-Z]|^I[A-Z][a-z]")

PROTOCOL_WORD = re.compile(r"(^|_)(id_tag|charge_point|charge_box|meter_value|id_token)s?(_|$)")
# An invalid tag is one of cryptography.
PROTOCOL_CAMEL = re.compile(
    r"(?<!Inval)(idTag|chargePoint|chargeBox|meterValue|idToken|connectorId|evseId)"
)
PROTOCOL_WORDS_ALLOWED = (
    f"{PACKAGE}ocpp/",
    f"{PACKAGE}ocpi/",
    f"{PACKAGE}translation/",
    f"{PACKAGE}simulator/",
    f"{PACKAGE}station_gateway/",
    "bench/",
    "tests/",
    "tools/",
)

CLOCK_ALLOWED = (
    f"{PACKAGE}app/",
    f"{PACKAGE}cli/",
    f"{PACKAGE}kernel/clock.py",
    f"{PACKAGE}kernel/ids.py",  # the source of ids that is handed in elsewhere
    f"{PACKAGE}simulator/",
    "bench/",
    "tests/",
    "tools/",
)
CLOCK_OR_DICE = re.compile(
    r"(^|\.)(datetime\.(now|utcnow|today)|date\.today|uuid[14])$|^time\.time(_ns)?$|^random\.[a-z]\w*$"
)

CATCH_ALL_ALLOWED = (
    f"{PACKAGE}engine/batches.py",
    f"{PACKAGE}engine/outbox.py",
    f"{PACKAGE}api/errors.py",
    f"{PACKAGE}web/errors.py",
    "bench/",
    "tests/",
)

REQUIREMENTS = "docs/spec/requirements.txt"
REQUIREMENT_ID = re.compile(r"\b[A-Z]\d{2}\.FR\.\d{2,3}\b")

MACHINE_PATH = re.compile(r"(?<![\w.:/-])/(work|root|home|Users)/\w")
REGISTRY_HOST = re.compile(
    r"(files\.pythonhosted|(?<![\w-])pypi|registry\.npmjs|registry\.yarnpkg|deb\.debian|proxy\.golang)"
    r"\.(org|com)"
)
BINARY_SUFFIXES = {".gif", ".gz", ".ico", ".jpg", ".mo", ".pdf", ".png", ".webp", ".woff", ".woff2"}

BARE_NOQA = re.compile(r"#\s*noqa(?!:\s*[A-Z]+\d)", re.IGNORECASE)
BARE_TYPE_IGNORE = re.compile(r"#\s*type:\s*ignore(?!\[[\w-]+)")
SILENCER = re.compile(r"#\s*(?:noqa:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*|type:\s*ignore\[[\w, -]+\])(.*)")


class Finding(NamedTuple):
    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True)
class File:
    """A text file of the tree, named by its path from the root with forward slashes."""

    path: str
    text: str

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def is_source(self) -> bool:
        return self.path.endswith(".py") and self.path.startswith(SOURCE)

    @property
    def is_generated(self) -> bool:
        return bool(GENERATED.fullmatch(self.path))

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @cached_property
    def comments(self) -> list[tuple[int, str]]:
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return [
            (token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT
        ]

    def finding(self, line: int, message: str) -> Finding:
        return Finding(self.path, line, message)


Function = ast.FunctionDef | ast.AsyncFunctionDef
Rule = Callable[[File], Iterator[Finding]]


def functions(file: File) -> Iterator[Function]:
    return (node for node in file.nodes if isinstance(node, Function))


def function_sizes(file: File) -> Iterator[Finding]:
    if file.path.startswith(MIGRATIONS):
        return
    for function in functions(file):
        assert function.end_lineno, "a parsed function has an end"
        size = function.end_lineno - function.lineno + 1
        if size > FUNCTION_LINES_MAX:
            yield file.finding(
                function.lineno,
                f"{function.name} has {size} lines, more than {FUNCTION_LINES_MAX}: "
                "keep the ifs here and move the leaves into functions of their own",
            )


def module_sizes(file: File) -> Iterator[Finding]:
    size = len(file.lines)
    if file.is_generated or file.path.startswith(MIGRATIONS):
        return
    if size > MODULE_LINES_MAX:
        yield file.finding(
            size,
            f"module has {size} lines, more than {MODULE_LINES_MAX}: split it by use case",
        )


def parameter_counts(file: File) -> Iterator[Finding]:
    for function in functions(file):
        if has_other_parameters(file, function):
            continue
        count = len(parameters(function))
        if count > PARAMETERS_MAX:
            yield file.finding(
                function.lineno,
                f"{function.name} has {count} parameters, more than {PARAMETERS_MAX}: "
                "group those that travel together in a record",
            )


def parameters(function: Function) -> list[str]:
    given = function.args
    names = [argument.arg for argument in given.posonlyargs + given.args + given.kwonlyargs]
    names += [argument.arg for argument in (given.vararg, given.kwarg) if argument]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def has_other_parameters(file: File, function: Function) -> bool:
    """Are they something else: the options of a command, or the fixtures of a test?"""
    if file.path.startswith("tests/"):
        return function.name.startswith("test_")
    if not file.path.startswith(f"{PACKAGE}cli/"):
        return False
    calls = [node.func for node in function.decorator_list if isinstance(node, ast.Call)]
    return any(
        isinstance(call, ast.Attribute) and call.attr in {"command", "callback"} for call in calls
    )


def module_names(file: File) -> Iterator[Finding]:
    for part in PurePosixPath(file.path).with_suffix("").parts:
        if part in EMPTY_NAMES:
            yield file.finding(1, f"'{part}' says nothing: name the module after what it does")


def class_names(file: File) -> Iterator[Finding]:
    if file.is_generated:
        return
    for node in file.nodes:
        if isinstance(node, ast.ClassDef) and EMPTY_CLASS_NAME.search(node.name):
            yield file.finding(
                node.lineno,
                f"class {node.name}: no Manager, Impl, Base, Helper or I-prefix; "
                "name the role, or how it is done",
            )


def protocol_words(file: File) -> Iterator[Finding]:
    if file.path.startswith(PROTOCOL_WORDS_ALLOWED):
        return
    seen = set()
    for line, name in identifiers(file.nodes):
        if is_protocol_word(name) and (line, name) not in seen:
            seen.add((line, name))
            yield file.finding(
                line,
                f"'{name}' is a word of the protocol: say station, token, reading or EVSE; "
                "translation/ knows both",
            )


def is_protocol_word(name: str) -> bool:
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return bool(PROTOCOL_WORD.search(snake) or PROTOCOL_CAMEL.search(name))


def identifiers(nodes: list[ast.AST]) -> Iterator[tuple[int, str]]:
    for node in nodes:
        match node:
            case ast.Name(id=name, lineno=line) | ast.Attribute(attr=name, lineno=line):
                yield line, name
            case ast.arg(arg=name, lineno=line) | ast.ClassDef(name=name, lineno=line):
                yield line, name
            case (
                ast.FunctionDef(name=name, lineno=line)
                | ast.AsyncFunctionDef(name=name, lineno=line)
            ):
                yield line, name
            case ast.keyword(arg=str(name), lineno=line) | ast.alias(asname=str(name), lineno=line):
                yield line, name


def clocks_and_dice(file: File) -> Iterator[Finding]:
    if file.path.startswith(CLOCK_ALLOWED):
        return
    for node in file.nodes:
        for name in drawn_from_outside(node):
            yield file.finding(
                getattr(node, "lineno", 1),
                f"{name} outside app and the kernel: "
                "let the time, the id or the random source be handed in",
            )


def drawn_from_outside(node: ast.AST) -> list[str]:
    match node:
        case ast.ImportFrom(module="random", names=names):
            return [f"random.{alias.name}" for alias in names if alias.name != "Random"]
        case ast.Call(func=called, args=[], keywords=[]) if dotted(called).endswith("Random"):
            return [f"{dotted(called)}() without a seed"]
        case ast.Attribute() | ast.Name():
            name = dotted(node)
            return [name] if CLOCK_OR_DICE.search(name) else []
    return []


def dotted(node: ast.AST) -> str:
    """The name that the node spells, as in `datetime.now`; empty when it is not one."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name) if owner := dotted(value):
            return f"{owner}.{name}"
    return ""


def catch_alls(file: File) -> Iterator[Finding]:
    if file.path in CATCH_ALL_ALLOWED or file.path.startswith(("bench/", "tests/")):
        return
    for node in file.nodes:
        if isinstance(node, ast.ExceptHandler) and catches_all(node) and not passes_on(node):
            yield file.finding(
                node.lineno,
                "catches every exception: name the ones meant; only the engine's batches, outbox "
                "and the two HTTP error modules may take them all",
            )


def catches_all(handler: ast.ExceptHandler) -> bool:
    match handler.type:
        case None:
            return True
        case ast.Tuple(elts=kinds):
            return any(dotted(kind) in {"Exception", "BaseException"} for kind in kinds)
        case kind:
            return dotted(kind) in {"Exception", "BaseException"}


def passes_on(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def silencers(file: File) -> Iterator[Finding]:
    for line, comment in file.comments:
        if BARE_NOQA.search(comment) or BARE_TYPE_IGNORE.search(comment):
            yield file.finding(
                line, "name the code that is silenced, as in `noqa: S608` and a reason"
            )
        elif (silenced := SILENCER.search(comment)) and not re.search(r"[a-z]{3}", silenced[1]):
            yield file.finding(line, "say in a few words why this is silenced, after the code")


def machine_paths(file: File) -> Iterator[Finding]:
    return matches(
        file,
        MACHINE_PATH,
        "is a path of one machine: take it from the caller, or use a relative one",
    )


def registry_hosts(file: File) -> Iterator[Finding]:
    return matches(
        file, REGISTRY_HOST, "names a package registry: the user's own configuration chooses that"
    )


def matches(file: File, pattern: re.Pattern[str], complaint: str) -> Iterator[Finding]:
    for number, line in enumerate(file.lines, start=1):
        if found := pattern.search(line):
            yield file.finding(number, f"'{found[0]}' {complaint}")


def requirement_ids(file: File, known: frozenset[str]) -> Iterator[Finding]:
    for number, line in enumerate(file.lines, start=1):
        for cited in REQUIREMENT_ID.findall(line):
            if cited not in known:
                yield file.finding(number, f"{cited} is not in {REQUIREMENTS}: is it mistyped?")


CODE_RULES: tuple[Rule, ...] = (
    function_sizes,
    module_sizes,
    parameter_counts,
    module_names,
    class_names,
    protocol_words,
    clocks_and_dice,
    catch_alls,
    silencers,
)
TEXT_RULES: tuple[Rule, ...] = (machine_paths, registry_hosts)


def findings(file: File, known: frozenset[str]) -> Iterator[Finding]:
    for rule in TEXT_RULES:
        yield from rule(file)
    if not file.is_source:
        return
    yield from requirement_ids(file, known)
    for rule in CODE_RULES:
        yield from rule(file)


def paths(root: Path) -> Iterator[Path]:
    """The files that are or could be committed; every file where there is no repository."""
    if not (root / ".git").exists():
        yield from (path for path in sorted(root.rglob("*")) if path.is_file())
        return
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=True,
        text=True,
    )
    for name in filter(None, listing.stdout.split("\0")):
        if (root / name).is_file():  # a deleted file is listed until the deletion is committed
            yield root / name


def files(root: Path) -> Iterator[File]:
    for path in paths(root):
        if path.suffix not in BINARY_SUFFIXES:
            text = path.read_text(encoding="utf-8", errors="replace")
            yield File(path.relative_to(root).as_posix(), text)


def known_requirements(root: Path) -> frozenset[str]:
    listed = root / REQUIREMENTS
    return frozenset(listed.read_text(encoding="utf-8").split()) if listed.exists() else frozenset()


def main(arguments: list[str]) -> int:
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    known = known_requirements(root)
    found = [finding for file in files(root) for finding in findings(file, known)]
    for finding in sorted(found):
        print(finding)
    print(f"tidy: {len(found)} to mend" if found else "tidy: nothing to mend")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
