import base64
from http import HTTPStatus

import pytest

from ricarica.station_gateway.handshake import (
    Credentials,
    UnreadableCredentialsError,
    credentials_from,
    names_station,
    spelling_of,
    subprotocols_from,
    upgrade_problem,
)

HEADERS = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def basic(userinfo: bytes) -> str:
    return "Basic " + base64.b64encode(userinfo).decode()


def test_a_handshake_by_the_book_has_no_problem() -> None:
    assert upgrade_problem("GET", HEADERS) is None


@pytest.mark.parametrize(
    "header, value",
    [("Upgrade", " WebSocket "), ("Connection", "keep-alive, Upgrade"), ("Connection", "upgrade")],
)
def test_case_and_company_of_the_upgrade_headers_do_not_matter(header: str, value: str) -> None:
    assert upgrade_problem("GET", {**HEADERS, header: value}) is None


@pytest.mark.parametrize(
    "header, value, status",
    [
        ("Upgrade", "", HTTPStatus.UPGRADE_REQUIRED),
        ("Upgrade", "h2c", HTTPStatus.UPGRADE_REQUIRED),
        ("Connection", "", HTTPStatus.BAD_REQUEST),
        ("Connection", "keep-alive", HTTPStatus.BAD_REQUEST),
        ("Sec-WebSocket-Version", "8", HTTPStatus.UPGRADE_REQUIRED),
        ("Sec-WebSocket-Key", "", HTTPStatus.BAD_REQUEST),
        ("Sec-WebSocket-Key", "c2hvcnQ=", HTTPStatus.BAD_REQUEST),
        ("Sec-WebSocket-Key", "ä", HTTPStatus.BAD_REQUEST),
    ],
)
def test_what_is_no_handshake_is_rejected(header: str, value: str, status: HTTPStatus) -> None:
    problem = upgrade_problem("GET", {**HEADERS, header: value})

    assert problem is not None
    assert problem.status == status


def test_only_get_upgrades() -> None:
    problem = upgrade_problem("POST", HEADERS)

    assert problem is not None
    assert problem.headers["Upgrade"] == "websocket"


@pytest.mark.parametrize(
    "lines, names",
    [
        ([], ()),
        ([""], ()),
        (["ocpp1.6"], ("ocpp1.6",)),
        (["ocpp2.0.1,ocpp1.6"], ("ocpp2.0.1", "ocpp1.6")),
        ([" ocpp2.1 ,  ocpp1.6,"], ("ocpp2.1", "ocpp1.6")),
        (["ocpp1.6", "ocpp2.0.1, ocpp1.6"], ("ocpp1.6", "ocpp2.0.1")),
        (["OCPP1.6"], ("OCPP1.6",)),
    ],
)
def test_subprotocols_keep_the_order_of_the_client(lines: list[str], names: tuple[str]) -> None:
    assert subprotocols_from(lines) == names


def test_an_endless_list_of_subprotocols_is_cut() -> None:
    assert len(subprotocols_from([",".join(f"p{n}" for n in range(1_000))])) == 16


def test_the_answer_spells_the_subprotocol_as_the_client_did() -> None:
    assert spelling_of("ocpp1.6", ["ocpp2.0.1", "OCPP1.6"]) == "OCPP1.6"
    assert spelling_of("ocpp1.6", []) is None


@pytest.mark.parametrize(
    "header, credentials",
    [
        (basic(b"CP1:secret"), Credentials(b"CP1", b"secret")),
        (basic(b"CP1:se:cr:et"), Credentials(b"CP1", b"se:cr:et")),
        (basic(b"CP1:\x00\xff\xfe"), Credentials(b"CP1", b"\x00\xff\xfe")),
        (basic(b"CP1:"), Credentials(b"CP1", b"")),
        ("Basic: " + basic(b"CP1:x")[6:], Credentials(b"CP1", b"x")),
        ("bAsIc   " + basic(b"CP1:x")[6:], Credentials(b"CP1", b"x")),
        (basic(b"CP1:xy").rstrip("="), Credentials(b"CP1", b"xy")),
        (None, None),
    ],
)
def test_credentials_are_read_as_bytes(header: str | None, credentials: Credentials | None) -> None:
    assert credentials_from(header) == credentials


@pytest.mark.parametrize(
    "header", ["", "Basic", "Basic ", "Bearer abc", "Basic !!!", "Basic Q1Ax", "Basic é", "Basic a"]
)
def test_credentials_that_cannot_be_read_are_not_taken_for_none(header: str) -> None:
    with pytest.raises(UnreadableCredentialsError):
        credentials_from(header)


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(Credentials(b"CP1", b"secret"))


def test_the_user_name_is_the_identity_without_regard_to_case() -> None:
    assert names_station(b"cp1", "CP1")
    assert not names_station(b"CP2", "CP1")
    assert not names_station(b"\xff", "CP1")
