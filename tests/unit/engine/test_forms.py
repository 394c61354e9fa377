from collections.abc import AsyncIterator

import pytest

from ricarica.engine.forms import Form, file_in
from ricarica.kernel.errors import InvalidError

KIND = "multipart/form-data; boundary=b"


async def sent(vendor: bytes) -> AsyncIterator[bytes]:
    yield b'--b\r\nContent-Disposition: form-data; name="vendor"\r\n\r\n' + vendor
    yield b'\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
    yield b"abc\r\n--b--\r\n"


async def test_fields_are_known_once_the_file_begins() -> None:
    form = Form()

    pieces = [piece async for piece in file_in(KIND, sent(b"Volt"), form)]

    assert (b"".join(pieces), form.fields) == (b"abc", {"vendor": "Volt"})


async def test_a_field_with_a_character_that_no_text_has_is_refused() -> None:
    with pytest.raises(InvalidError, match="vendor"):
        [piece async for piece in file_in(KIND, sent(b"Vo\0lt"), Form())]
