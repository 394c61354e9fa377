"""A server without its certificate said `No such file or directory`, and not which."""

from pathlib import Path

import pytest

from ricarica.app.door import tls_of


def test_a_certificate_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"nope\.pem and .*key\.pem cannot be used for TLS"):
        tls_of([(tmp_path / "nope.pem", tmp_path / "key.pem")])


def test_neither_is_what_is_no_certificate(tmp_path: Path) -> None:
    files = (tmp_path / "certificate.pem", tmp_path / "key.pem")
    for file in files:
        file.write_text("no PEM")

    with pytest.raises(OSError, match=r"certificate\.pem and .*key\.pem cannot be used for TLS"):
        tls_of([files])
