"""Files as they come over HTTP: bare, or in a form. They go through, and are never held whole."""

from collections.abc import AsyncIterable, AsyncIterator, Iterator
from dataclasses import dataclass, field

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from ricarica.kernel.errors import InvalidError

FIELD_MAX = 16 * 1024  # bytes; a chain of certificates has 5,500
FIELDS_MAX = 20


@dataclass(slots=True)
class Form:
    """Its fields, as far as they stand before the file; then the file."""

    fields: dict[str, str] = field(default_factory=dict)
    filename: str = ""


async def bare_or_in_form(kind: str, chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """The one file that a request brings, in whichever way it brings it.

    Args:
        kind: Its Content-Type.
    """
    if _boundary(kind) is None:
        async for chunk in chunks:
            if chunk:
                yield chunk
        return
    async for chunk in file_in(kind, chunks, Form()):
        yield chunk


async def file_in(kind: str, chunks: AsyncIterable[bytes], form: Form) -> AsyncIterator[bytes]:
    """The first file of a form; the fields before it are written into `form` meanwhile.

    Raises:
        InvalidError: it is no form, or has no file.
    """
    boundary = _boundary(kind)
    if boundary is None:
        raise InvalidError("send multipart/form-data, with the file as its last field")
    reader = _Reader(PushMultipartParser(boundary, max_segment_count=FIELDS_MAX), form)
    try:
        async for chunk in chunks:
            for piece in reader.feed(chunk):
                yield piece
        reader.parser.close()
    except MultipartError as error:
        raise InvalidError(f"the form is broken: {error}") from error
    if not form.filename:
        raise InvalidError("the form has no file")


class _Reader:
    def __init__(self, parser: PushMultipartParser, form: Form) -> None:
        self.parser = parser
        self._form = form
        self._name = ""
        self._text: bytearray | None = None  # of a field; None: this is a file
        self._is_first = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """What of it belongs to the file."""
        if not chunk or self.parser.closed:
            return
        for event in self.parser.parse(chunk):
            if isinstance(event, MultipartSegment):
                self._begin(event)
            elif event is None:
                self._end()
            elif self._text is not None:
                self._add(bytes(event))
            elif self._is_first:
                yield bytes(event)

    def _begin(self, segment: MultipartSegment) -> None:
        self._name = segment.name
        self._text = None if segment.filename else bytearray()
        if segment.filename:
            self._is_first = not self._form.filename
            self._form.filename = self._form.filename or segment.filename

    def _add(self, text: bytes) -> None:
        assert self._text is not None, "asked of fields only"
        self._text += text
        if len(self._text) > FIELD_MAX:
            raise InvalidError(f"{self._name} is too long")

    def _end(self) -> None:
        if self._text is not None:
            if b"\0" in self._text:
                raise InvalidError(f"{self._name} holds the character U+0000, which no text has")
            self._form.fields[self._name] = self._text.decode(errors="replace")


def _boundary(kind: str) -> str | None:
    name, options = parse_options_header(kind)
    return options.get("boundary") if name == "multipart/form-data" else None
