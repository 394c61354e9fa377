"""Check that the documentation speaks of things that exist: links, headings and make targets."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("*.md", "docs/**/*.md", "changelog.d/*.md")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
MAKE = re.compile(r"(?:^\$ |`)make ([a-z]+)", re.MULTILINE)
TARGET = re.compile(r"^([a-z]+):", re.MULTILINE)


def complaints(page: Path, root: Path) -> Iterator[str]:
    text = page.read_text(encoding="utf-8")
    for link in LINK.findall(FENCE.sub("", text)):
        if not leads_somewhere(link, page):
            yield f"the link {link} leads nowhere"
    targets = set(TARGET.findall((root / "Makefile").read_text(encoding="utf-8")))
    for target in MAKE.findall(text):
        if target not in targets:
            yield f"there is no `make {target}`"


def leads_somewhere(link: str, page: Path) -> bool:
    if re.match(r"[a-z]+:", link):
        return True  # the rest of the world is not checked
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    if not target.exists():
        return False
    return not anchor or anchor in anchors(target)


def anchors(page: Path) -> set[str]:
    headings = HEADING.findall(page.read_text(encoding="utf-8"))
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


def main(root: Path = ROOT) -> int:
    pages = sorted({page for pattern in PAGES for page in root.glob(pattern)})
    found = [
        f"{page.relative_to(root)}: {complaint}"
        for page in pages
        for complaint in complaints(page, root)
    ]
    for line in found:
        print(line)
    print(f"docs: {len(found)} to mend" if found else f"docs: {len(pages)} pages")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
