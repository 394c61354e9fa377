import gzip
import io

from ricarica.web.pages.logs import TEXT_BYTES, part_of

LINE = b"2026-11-22T10:00:00Z all is well\n"


def test_a_short_log_is_one_page() -> None:
    assert part_of(io.BytesIO(LINE), 0) == (LINE.decode(), None)


def test_pages_of_a_long_log_end_with_a_line_and_lose_none() -> None:
    content = LINE * 5_000
    pages: list[str] = []
    place: int | None = 0
    while place is not None:
        text, place = part_of(io.BytesIO(content), place)
        assert text is not None
        pages.append(text)

    assert "".join(pages).encode() == content
    assert all(page.endswith("\n") for page in pages)
    assert len(pages) == 3


def test_a_line_without_an_end_is_cut() -> None:
    text, place = part_of(io.BytesIO(b"x" * 2 * TEXT_BYTES), 0)

    assert (len(text or ""), place) == (TEXT_BYTES, TEXT_BYTES)


def test_a_zipped_log_is_read_as_what_is_in_it() -> None:
    zipped = gzip.compress(LINE * 5_000)

    text, place = part_of(io.BytesIO(zipped), 0)

    assert text is not None
    assert text.startswith(LINE.decode())
    assert part_of(io.BytesIO(zipped), place or 0)[0] == text


def test_what_is_no_text_is_not_shown() -> None:
    assert part_of(io.BytesIO(bytes(range(256)) * 10), 0) == (None, None)
    assert part_of(io.BytesIO(b"\x1f\x8bbroken"), 0) == (None, None)
