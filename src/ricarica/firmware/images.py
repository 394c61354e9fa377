"""Images of firmware, and what proves whose they are."""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import TenantId

CERTIFICATE_MAX, SIGNATURE_MAX = 5_500, 800  # characters that fit into every dialect's message
RSA_BITS_MIN, EC_BITS_MIN = 2_048, 224  # A00.FR.502, A00.FR.503: 112 bits of strength
CHAIN_MAX = 4  # certificates below the root; a signer's is one, and seldom two


@dataclass(frozen=True, slots=True)
class Image:
    """A file for stations of one model. `signer` is whoever the certificate names."""

    tenant: TenantId
    id: str
    name: str
    vendor: str
    model: str
    firmware: str  # what a station that runs it says at its boot
    size: int
    sha256: str
    md5: str
    added_at: datetime
    added_by: str
    signature: str | None = field(default=None, repr=False)
    certificate: str | None = field(default=None, repr=False)
    signer: str | None = None
    withdrawn_at: datetime | None = None

    @property
    def is_signed(self) -> bool:
        return self.signature is not None

    def suits(self, vendor: str | None, model: str | None) -> bool:
        """Whether it is for such a station, as far as both sides say."""
        pairs = ((self.vendor, vendor), (self.model, model))
        return all(
            not ours or theirs is None or ours.casefold() == theirs.casefold()
            for ours, theirs in pairs
        )


@dataclass(frozen=True, slots=True)
class Root:
    """A manufacturer's certificate, which those of its signers lead back to."""

    tenant: TenantId
    fingerprint: str
    vendor: str
    pem: str = field(repr=False)
    subject: str
    until: datetime
    added_at: datetime


def root_from(tenant: TenantId, vendor: str, pem: str, at: datetime) -> Root:
    """
    Raises:
        InvalidError: it is no root that can be trusted now.
    """
    [first, *more] = _chain(pem)
    if more or not _issued(first, by=first):
        raise InvalidError("a root is one certificate, signed with its own key")
    _check_current(first, at)
    return Root(
        tenant,
        first.fingerprint(SHA256()).hex(),
        vendor,
        first.public_bytes(Encoding.PEM).decode(),
        first.subject.rfc4514_string(),
        first.not_valid_after_utc,
        at,
    )


def signer_of(image: Image, roots: Iterable[Root], at: datetime) -> str:
    """Whose signature an image has, once all of it holds.

    Raises:
        InvalidError: the signature, the certificate or the chain is not good; the text says why.
    """
    assert image.signature, "asked of signed images only"
    assert image.certificate, "it comes with the signature"
    if len(image.certificate) > CERTIFICATE_MAX:
        raise InvalidError(f"the certificate is longer than {CERTIFICATE_MAX} characters")
    chain = _chain(image.certificate)
    for each in chain:
        _check_current(each, at)
        _check_strength(each)
    _check_root(chain, image.vendor, roots, at)
    _check_signature(chain[0], image.signature, bytes.fromhex(image.sha256))
    return chain[0].subject.rfc4514_string()


def _chain(pem: str) -> list[x509.Certificate]:
    try:
        chain = x509.load_pem_x509_certificates(pem.encode())
    except ValueError as error:
        raise InvalidError("the certificate is not PEM, or not X.509") from error
    if not 0 < len(chain) <= CHAIN_MAX:
        raise InvalidError(f"give 1 to {CHAIN_MAX} certificates, the signer's first")
    return chain


def _check_current(certificate: x509.Certificate, at: datetime) -> None:
    if at >= certificate.not_valid_after_utc:
        raise InvalidError(
            f"{_name(certificate)} expired {certificate.not_valid_after_utc:%Y-%m-%d}"
        )
    if at < certificate.not_valid_before_utc:
        begin = certificate.not_valid_before_utc
        raise InvalidError(f"{_name(certificate)} is only valid from {begin:%Y-%m-%d}")


def _check_strength(certificate: x509.Certificate) -> None:
    key = certificate.public_key()
    is_strong = (isinstance(key, rsa.RSAPublicKey) and key.key_size >= RSA_BITS_MIN) or (
        isinstance(key, ec.EllipticCurvePublicKey) and key.key_size >= EC_BITS_MIN
    )
    if not is_strong:
        raise InvalidError(
            f"{_name(certificate)} needs an RSA key of {RSA_BITS_MIN} bits or an elliptic curve's"
        )


def _check_root(
    chain: list[x509.Certificate], vendor: str, roots: Iterable[Root], at: datetime
) -> None:
    """L01.FR.12: each is issued by the next, and the last by a root of the manufacturer."""
    for each, issuer in pairwise(chain):
        if not _issued(each, by=issuer):
            raise InvalidError(f"{_name(each)} was not issued by {_name(issuer)}")
    for root in roots:
        if root.vendor.casefold() != vendor.casefold() or at >= root.until:
            continue
        certificate = x509.load_pem_x509_certificate(root.pem.encode())
        if chain[-1] == certificate or _issued(chain[-1], by=certificate):
            return
    raise InvalidError(
        f"no root of {vendor or 'this vendor'} that we trust has issued {_name(chain[-1])}; "
        "add the manufacturer's root first"
    )


def _issued(certificate: x509.Certificate, *, by: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return _may_sign_certificates(by)


def _may_sign_certificates(certificate: x509.Certificate) -> bool:
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        return False
    return constraints.value.ca


def _check_signature(certificate: x509.Certificate, signature: str, digest: bytes) -> None:
    """L01.FR.04: over the whole file, with SHA-256; ECDSA where the key is an elliptic curve's."""
    if len(signature) > SIGNATURE_MAX:
        raise InvalidError(f"the signature is longer than {SIGNATURE_MAX} characters")
    try:
        given = base64.b64decode("".join(signature.split()), validate=True)
    except binascii.Error as error:
        raise InvalidError("the signature is not Base64") from error
    key = certificate.public_key()
    hashed = utils.Prehashed(SHA256())
    try:
        if isinstance(key, rsa.RSAPublicKey):
            pss = padding.PSS(padding.MGF1(SHA256()), padding.PSS.AUTO)
            key.verify(given, digest, pss, hashed)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(given, digest, ec.ECDSA(hashed))
    except InvalidSignature as error:
        raise InvalidError(
            f"the signature is not one of {_name(certificate)} over this file "
            "(RSA-PSS or ECDSA with SHA-256)"
        ) from error


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string() or "the certificate"
