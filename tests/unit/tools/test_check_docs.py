from pathlib import Path

import pytest

from tools import check_docs


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "Makefile").write_text("demo: setup\nsetup:\n")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "run.md").write_text("# How to run\n\n## On a server\n")
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        "[run](docs/run.md) and [there](docs/run.md#on-a-server)",
        "[elsewhere](https://example.org/)",
        "```console\n$ make demo\n```",
        "```\n[not](a-link)\n```",
    ],
)
def test_a_page_may_speak_of_what_exists(root: Path, text: str) -> None:
    (root / "README.md").write_text(text)

    assert check_docs.main(root) == 0


@pytest.mark.parametrize(
    "text",
    ["[run](docs/walk.md)", "[there](docs/run.md#on-a-boat)", "Say `make coffee`.", "$ make tea"],
)
def test_what_does_not_exist_is_found(root: Path, text: str) -> None:
    (root / "README.md").write_text(text)

    assert check_docs.main(root) == 1
