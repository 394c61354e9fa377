"""What stations and cars send as certificates, and no library would write."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ricarica.certificates.chains import inquiries_about, judged_chain
from ricarica.certificates.model import ContractShown, ContractStatus

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
SAN = x509.ObjectIdentifier("2.5.29.17")


def der(tag: int, content: bytes) -> bytes:
    length = len(content).to_bytes(2, "big")
    head = length[1:] if len(content) < 128 else b"\x82" + length
    return bytes((tag,)) + head + content


def forged(old: bytes, new: bytes, *extensions: x509.ExtensionType) -> str:
    """Signed over other bytes than those that were built."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "DEABC1")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOON)
        .not_valid_after(NOON + timedelta(days=1))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    content = builder.sign(key, hashes.SHA256()).tbs_certificate_bytes.replace(old, new)
    algorithm = der(0x30, bytes.fromhex("06082a8648ce3d040302"))  # ecdsa-with-SHA256
    signature = der(0x03, b"\0" + key.sign(content, ec.ECDSA(hashes.SHA256())))
    text = base64.encodebytes(der(0x30, content + algorithm + signature)).decode()
    return f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n"


def twice() -> str:
    first = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"a")
    second = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.5"), b"b")
    return forged(bytes.fromhex("06032a0305"), bytes.fromhex("06032a0304"), first, second)


@pytest.mark.parametrize(
    "pem",
    [
        forged(b"DEABC1", b"\xff\xfe\xfd\xfc\xfb\xfa"),
        forged(b"", b"", x509.UnrecognizedExtension(SAN, bytes.fromhex("3004a3020500"))),
        twice(),
    ],
    ids=["name", "kind of name", "extension twice"],
)
def test_a_contract_that_cannot_be_read_is_not_good(pem: str) -> None:
    shown = ContractShown("DEABC1", chain=pem * 2)

    assert inquiries_about(shown) == ()
    assert judged_chain(shown, [], NOON) is ContractStatus.CHAIN_ERROR
