"""What a station asks to have signed, and whether it may."""

import hashlib
from collections.abc import Collection
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.x509.oid import NameOID

from ricarica.certificates.model import CSR_LENGTH_MAX, Purpose
from ricarica.kernel.errors import InvalidError

RSA_BITS = range(2048, 8193)  # A00.FR.503; what is longer than twice 4096 only costs time
CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
CURVES_FOR_CARS = {
    Purpose.V2G: (ec.SECP256R1,),  # ISO 15118-2, V2G2-006
    Purpose.V2G20: (ec.SECP521R1,),  # ISO 15118-20; Ed448 is the other one
}
HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)


class UnfitCsrError(InvalidError):
    """The text says why it may not be signed."""


class Csr(NamedTuple):
    id: str  # a digest of the key
    common_name: str
    organization: str | None


def checked_csr(
    pem: str, purpose: Purpose, names: Collection[str], organization: str | None
) -> Csr:
    """
    Args:
        names: By what the station is known: its serial number, its identity.
        organization: What operator it has to name; None: any.

    Raises:
        UnfitCsrError: it may not be signed.
    """
    csr = _read(pem)
    _check_signature(csr)
    _check_key(csr, purpose)
    _check_wishes(csr)
    common_name = _only(csr, NameOID.COMMON_NAME, "common name")
    assert common_name is not None, "only what may be missing is None"
    if common_name.casefold() not in {name.casefold() for name in names}:
        raise UnfitCsrError(f"it is for {common_name[:64]!r}, which is not this station")
    named = _only(csr, NameOID.ORGANIZATION_NAME, "organization", is_needed=False)
    if organization is not None and named != organization:
        raise UnfitCsrError(f"its organization is {named!r}, not {organization!r}")
    return Csr(_digest(csr), common_name, named)


def name_in(pem: str) -> str:
    """The common name in one that was checked."""
    common_name = _only(_read(pem), NameOID.COMMON_NAME, "common name")
    assert common_name is not None, "only what may be missing is None"
    return common_name


def _read(pem: str) -> x509.CertificateSigningRequest:
    if len(pem) > CSR_LENGTH_MAX:
        raise UnfitCsrError(f"it has more than {CSR_LENGTH_MAX} characters")
    try:
        return x509.load_pem_x509_csr(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnfitCsrError("it is no certificate signing request in PEM") from error


def _check_signature(csr: x509.CertificateSigningRequest) -> None:
    try:
        is_valid = csr.is_signature_valid
        digest = csr.signature_hash_algorithm
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnfitCsrError("its signature is of no kind that is known here") from error
    if not is_valid:
        raise UnfitCsrError("its signature is not that of its key")
    # Ed448 has its own digest, and names none.
    if digest is not None and not isinstance(digest, HASHES):
        raise UnfitCsrError(f"it is signed over {digest.name}, which is too weak")


def _check_key(csr: x509.CertificateSigningRequest, purpose: Purpose) -> None:
    try:
        key = csr.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnfitCsrError("its key is of no kind that is known here") from error
    curves = CURVES_FOR_CARS.get(purpose, CURVES)
    match key:
        case ec.EllipticCurvePublicKey():
            if not isinstance(key.curve, curves):
                allowed = " or ".join(curve().name for curve in curves)
                raise UnfitCsrError(f"its key is on {key.curve.name}, not on {allowed}")
        case rsa.RSAPublicKey() if purpose is Purpose.STATION:
            if key.key_size not in RSA_BITS:
                raise UnfitCsrError(f"its key has {key.key_size} bits, not {RSA_BITS.start}")
        case ed448.Ed448PublicKey() if purpose is Purpose.V2G20:
            pass
        case _:
            raise UnfitCsrError("its key is of a kind that is not for this")


def _check_wishes(csr: x509.CertificateSigningRequest) -> None:
    """What it asks for besides is ignored, but nobody asks to be an authority by mistake."""
    try:
        wish = csr.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        return
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise UnfitCsrError("its extensions cannot be read") from error
    if wish.value.ca:
        raise UnfitCsrError("it asks to be an authority itself")


def _only(
    csr: x509.CertificateSigningRequest,
    oid: x509.ObjectIdentifier,
    what: str,
    *,
    is_needed: bool = True,
) -> str | None:
    try:
        values = csr.subject.get_attributes_for_oid(oid)
    except ValueError as error:
        raise UnfitCsrError("its subject cannot be read") from error
    if len(values) > 1 or (is_needed and not values):
        raise UnfitCsrError(f"it has {len(values) or 'no'} {what}, and needs one")
    return str(values[0].value) if values else None


def _digest(csr: x509.CertificateSigningRequest) -> str:
    der = csr.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(der).hexdigest()[:40]
