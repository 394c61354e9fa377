"""The built styles and scripts, found by the names templates use for them."""

import json
from collections.abc import Mapping
from pathlib import Path

from ricarica.kernel.errors import RicaricaError

DIST = Path(__file__).parent / "static" / "dist"


class AssetsNotBuiltError(RicaricaError):
    """The pages' styles and scripts are missing; `npm ci && npm run build` makes them."""


class Assets:
    """Addresses of built files. Their names carry a hash, so they may be cached for ever."""

    def __init__(self, files: Mapping[str, str], mounted_at: str = "/static/dist") -> None:
        self._files = dict(files)
        self._mounted_at = mounted_at

    def url(self, name: str) -> str:
        if name not in self._files:
            raise AssetsNotBuiltError(f"no asset {name!r}: run `npm ci && npm run build`")
        return f"{self._mounted_at}/{self._files[name]}"


def load_assets(directory: Path = DIST) -> Assets:
    manifest = directory / "manifest.json"
    if not manifest.exists():
        raise AssetsNotBuiltError(f"{manifest} is missing: run `npm ci && npm run build`")
    return Assets(json.loads(manifest.read_text("utf-8")))
