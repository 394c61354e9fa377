from pathlib import Path

import pytest

from ricarica.web.assets import Assets, AssetsNotBuiltError, load_assets


def test_a_name_leads_to_the_file_with_its_hash(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"app.css": "app-1A2B.css"}')

    assert load_assets(tmp_path).url("app.css") == "/static/dist/app-1A2B.css"


def test_without_a_build_the_error_says_how_to_build(tmp_path: Path) -> None:
    with pytest.raises(AssetsNotBuiltError, match="npm run build"):
        load_assets(tmp_path)


def test_an_unknown_name_is_an_error_and_not_a_dead_link() -> None:
    with pytest.raises(AssetsNotBuiltError, match=r"app\.js"):
        Assets({}).url("app.js")
