"""Reading certificates: their names by hash, their terms, and where they are asked about."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from ricarica.certificates.model import HashAlgorithm, HashData, hash_data
from ricarica.kernel.errors import InvalidError

CHAIN_MAX = 6  # certificates: ISO 15118-2 allows two authorities between leaf and root

PublicKey = (
    rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
)
KEYS = (
    rsa.RSAPublicKey,
    ec.EllipticCurvePublicKey,
    ed25519.Ed25519PublicKey,
    ed448.Ed448PublicKey,
)


UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


class Terms(NamedTuple):
    """What people want to know of a certificate."""

    id: str  # SHA-256 of it, hex
    name: str
    issuer: str
    serial: str
    not_before: datetime
    not_after: datetime
    is_self_signed: bool


def certificates_in(pem: str) -> list[x509.Certificate]:
    """
    Raises:
        InvalidError: there is none, or too many, or something else.
    """
    try:
        found = x509.load_pem_x509_certificates(pem.encode())
        for each in found:
            _look_through(each)
    except UNREADABLE as error:
        raise InvalidError("this is no certificate in PEM") from error
    if len(found) > CHAIN_MAX:
        raise InvalidError(f"a chain has {CHAIN_MAX} certificates at most")
    return found


def _look_through(certificate: x509.Certificate) -> None:
    """Its parts are only read when they are looked at; what fails then must not fail later."""
    _ = certificate.subject, certificate.issuer
    with suppress(ValueError):  # whoever looks for an extension does without
        _ = certificate.extensions


def terms_of(certificate: x509.Certificate) -> Terms:
    return Terms(
        id=hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest(),
        name=shown_name(certificate.subject),
        issuer=shown_name(certificate.issuer),
        serial=f"{certificate.serial_number:x}",
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        is_self_signed=certificate.subject == certificate.issuer,
    )


def terms_in(pem: str) -> Terms:
    """Of the first certificate there."""
    return terms_of(certificates_in(pem)[0])


def shown_name(name: x509.Name) -> str:
    named = [
        *name.get_attributes_for_oid(NameOID.COMMON_NAME),
        *name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME),
    ]
    return ", ".join(str(each.value) for each in named) or name.rfc4514_string()


def common_name(certificate: x509.Certificate) -> str | None:
    named = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(named[0].value) if len(named) == 1 else None


def hashes_of(
    certificate: x509.Certificate, issuer: x509.Certificate, algorithm: HashAlgorithm
) -> HashData:
    """How OCSP names a certificate (RFC 6960 §4.1.1)."""
    return hash_data(
        algorithm,
        digest(algorithm, certificate.issuer.public_bytes()),
        digest(algorithm, _bits(issuer)),
        f"{certificate.serial_number:x}",
    )


def names_of_root(pem: str) -> frozenset[HashData]:
    """All that a station may call a root, whichever algorithm it likes."""
    root = certificates_in(pem)[0]
    return frozenset(hashes_of(root, root, algorithm) for algorithm in HashAlgorithm)


def is_issuer(issuer: x509.Certificate, hashes: HashData) -> bool:
    """Whether this is who issued the certificate of that name."""
    return (
        digest(hashes.algorithm, issuer.subject.public_bytes()) == hashes.issuer_name
        and digest(hashes.algorithm, _bits(issuer)) == hashes.issuer_key
    )


def key_digest(algorithm: str, issuer: x509.Certificate) -> str:
    return hashlib.new(algorithm, _bits(issuer), usedforsecurity=False).hexdigest()


def digest(algorithm: HashAlgorithm, content: bytes) -> str:
    return hashlib.new(algorithm.value, content).hexdigest()


def public_key_of(certificate: x509.Certificate) -> PublicKey:
    """
    Raises:
        InvalidError: the key is of no kind that is known here.
    """
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InvalidError("a certificate's key is of no kind that is known here") from error
    if not isinstance(key, KEYS):
        raise InvalidError("a certificate's key is of no kind that is known here")
    return key


def responders_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """Where it can be asked about by OCSP."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return tuple(
        description.access_location.value
        for description in access.value
        if description.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(description.access_location, x509.UniformResourceIdentifier)
    )


def revocation_lists_of(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints)
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return tuple(
        name.value
        for point in points.value
        for name in point.full_name or ()
        if isinstance(name, x509.UniformResourceIdentifier)
    )


def pem_of(certificates: Sequence[x509.Certificate]) -> str:
    return "".join(_pem(certificate) for certificate in certificates)


def in_pairs(
    chain: Sequence[x509.Certificate],
) -> Iterator[tuple[x509.Certificate, x509.Certificate]]:
    """Each with the one above it."""
    return pairwise(chain)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _bits(issuer: x509.Certificate) -> bytes:
    """The key alone, without what says of which kind it is."""
    match public_key_of(issuer):
        case rsa.RSAPublicKey() as key:
            return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
        case ec.EllipticCurvePublicKey() as key:
            return key.public_bytes(
                serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
            )
        case key:
            return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
