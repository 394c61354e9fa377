"""Which requests are signed, and which are not."""

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.x509.oid import NameOID

from ricarica.certificates.csr import UnfitCsrError, checked_csr, name_in
from ricarica.certificates.model import Purpose

NAMES = ("SV-1", "BERGAMO-1")
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed448.Ed448PrivateKey


def csr_of(
    key: Key | None = None,
    *names: str,
    organization: str = "Ricarica",
    is_authority: bool = False,
) -> str:
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, each) for each in names or ("SV-1",)]
    subject.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    if is_authority:
        wish = x509.BasicConstraints(ca=True, path_length=None)
        builder = builder.add_extension(wish, critical=True)
    algorithm = None if isinstance(key, ed448.Ed448PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(serialization.Encoding.PEM).decode()


def check(pem: str, purpose: Purpose = Purpose.STATION, organization: str | None = None) -> str:
    return checked_csr(pem, purpose, NAMES, organization).common_name


@pytest.mark.parametrize("name", ["SV-1", "BERGAMO-1", "bergamo-1"])
def test_a_station_may_be_named_by_its_serial_number_or_its_identity(name: str) -> None:
    pem = csr_of(None, name)

    assert check(pem) == name
    assert name_in(pem) == name


def test_the_same_key_is_the_same_request_however_often_it_is_signed() -> None:
    key = ec.generate_private_key(ec.SECP256R1())

    first = checked_csr(csr_of(key), Purpose.STATION, NAMES, None)
    second = checked_csr(csr_of(key), Purpose.STATION, NAMES, None)

    assert first.id == second.id


@pytest.mark.parametrize(
    ("key", "purpose"),
    [
        (ec.generate_private_key(ec.SECP384R1()), Purpose.STATION),
        (rsa.generate_private_key(65_537, 2_048), Purpose.STATION),
        (ec.generate_private_key(ec.SECP256R1()), Purpose.V2G),
        (ec.generate_private_key(ec.SECP521R1()), Purpose.V2G20),
        (ed448.Ed448PrivateKey.generate(), Purpose.V2G20),
    ],
)
def test_a_key_that_is_strong_enough_is_signed(key: Key, purpose: Purpose) -> None:
    assert check(csr_of(key), purpose) == "SV-1"


@pytest.mark.parametrize(
    ("key", "purpose", "why"),
    [
        (rsa.generate_private_key(65_537, 1_024), Purpose.STATION, "1024 bits"),
        (ec.generate_private_key(ec.SECP192R1()), Purpose.STATION, "secp192r1"),
        (ec.generate_private_key(ec.SECP384R1()), Purpose.V2G, "secp384r1, not on secp256r1"),
        (ec.generate_private_key(ec.SECP256R1()), Purpose.V2G20, "secp256r1, not on secp521r1"),
        (rsa.generate_private_key(65_537, 2_048), Purpose.V2G, "not for this"),
        (ed448.Ed448PrivateKey.generate(), Purpose.STATION, "not for this"),
    ],
)
def test_a_key_that_is_too_weak_or_of_another_kind_is_not(
    key: Key, purpose: Purpose, why: str
) -> None:
    with pytest.raises(UnfitCsrError, match=why):
        check(csr_of(key), purpose)


@pytest.mark.parametrize(
    ("pem", "why"),
    [
        (csr_of(None, "VARESE-1"), "not this station"),
        (csr_of(None, "SV-1", "VARESE-1"), "2 common name"),
        (csr_of(is_authority=True), "authority itself"),
        ("no request at all", "no certificate signing request"),
        ("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----", "no cert"),
        ("x" * 6_000, "5500 characters"),
    ],
)
def test_what_is_not_as_it_should_be_is_refused_with_the_reason(pem: str, why: str) -> None:
    with pytest.raises(UnfitCsrError, match=why):
        check(pem)


def test_a_request_that_somebody_has_changed_is_refused() -> None:
    csr = x509.load_pem_x509_csr(csr_of().encode())
    der = bytearray(csr.public_bytes(serialization.Encoding.DER))
    der[-1] ^= 1
    changed = x509.load_der_x509_csr(bytes(der))

    with pytest.raises(UnfitCsrError, match="signature"):
        check(changed.public_bytes(serialization.Encoding.PEM).decode())


def test_the_operator_has_to_be_named_where_one_is_wanted() -> None:
    assert check(csr_of(organization="Volta"), organization="Volta") == "SV-1"
    with pytest.raises(UnfitCsrError, match="'Edison', not 'Volta'"):
        check(csr_of(organization="Edison"), organization="Volta")


def der(tag: int, content: bytes) -> bytes:
    length = len(content)
    return bytes((tag, length) if length < 128 else (tag, 0x81, length)) + content


def forged(request: x509.CertificateSigningRequestBuilder, old: bytes, new: bytes) -> str:
    """Signed over other bytes than any library writes."""
    key = ec.generate_private_key(ec.SECP256R1())
    content = request.sign(key, hashes.SHA256()).tbs_certrequest_bytes.replace(old, new)
    algorithm = der(0x30, bytes.fromhex("06082a8648ce3d040302"))  # ecdsa-with-SHA256
    signature = der(0x03, b"\0" + key.sign(content, ec.ECDSA(hashes.SHA256())))
    text = base64.encodebytes(der(0x30, content + algorithm + signature)).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{text}-----END CERTIFICATE REQUEST-----\n"


def test_what_cannot_be_read_is_not_signed() -> None:
    plain = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SV-1")])
    )
    first, second = x509.ObjectIdentifier("1.2.3.4"), x509.ObjectIdentifier("1.2.3.5")
    twice = plain.add_extension(x509.UnrecognizedExtension(first, b"a"), critical=False)
    twice = twice.add_extension(x509.UnrecognizedExtension(second, b"b"), critical=False)
    party = bytes.fromhex("3004a3020500")  # a name of a kind that no library reads
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), party)

    for pem in (
        forged(plain, b"SV-1", b"\xff\xfe\xfd\xfc"),
        forged(twice, bytes.fromhex("06032a0305"), bytes.fromhex("06032a0304")),
        forged(plain.add_extension(odd, critical=False), b"", b""),
    ):
        with pytest.raises(UnfitCsrError, match="cannot be read"):
            check(pem)
