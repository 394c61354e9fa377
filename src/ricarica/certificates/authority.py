"""A certificate authority of our own: for the stations of an operator who has no other."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from ricarica.certificates.model import AuthorityKeys, Purpose
from ricarica.certificates.ports import Assignment, RefusedBySignerError, Vault
from ricarica.kernel.clock import Clock
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import TenantId

AUTHORITY_LASTS = timedelta(days=20 * 365)
# A02.FR.06: by a station's clock it must have begun already. It may be off by some minutes.
BEGINS_EARLIER = timedelta(hours=1)
LASTS = {
    Purpose.STATION: timedelta(days=365),
    Purpose.V2G: timedelta(days=90),  # ISO 15118-2 annex F: of a station's leaf, 2 to 3 months
    Purpose.V2G20: timedelta(days=90),
}
PURPOSE_OF_KEYS = {Purpose.STATION: "station", Purpose.V2G: "v2g", Purpose.V2G20: "v2g"}

SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class OwnAuthority:
    """Implements `Authority` with the keys that are kept here."""

    is_ours = True

    def __init__(self, vault: Vault, clock: Clock) -> None:
        self._vault = vault
        self._clock = clock

    async def sign(self, assignment: Assignment) -> str:
        assert assignment.keys is not None, "an authority of ours has its keys with it"
        key = _private_key(self._vault.open(assignment.keys.sealed_key))
        return signed(assignment, _certificates(assignment.keys.chain), key, self._clock.now())


class GivenAuthority:
    """Implements `Authority` with certificates and keys from files: PEM, by what they sign."""

    is_ours = False

    def __init__(self, given: Mapping[str, tuple[str, bytes]], clock: Clock) -> None:
        """
        Raises:
            InvalidError: a key does not fit its certificate, or may not sign.
        """
        self._clock = clock
        self._keys = {}
        for purpose, (chain, key) in given.items():
            _check_authority(chain, key)
            self._keys[purpose] = (chain, _private_key(key))

    async def sign(self, assignment: Assignment) -> str:
        purpose = PURPOSE_OF_KEYS[assignment.purpose]
        if purpose not in self._keys:
            raise RefusedBySignerError(f"nobody here signs for {purpose}")
        chain, key = self._keys[purpose]
        return signed(assignment, _certificates(chain), key, self._clock.now())


class Made(NamedTuple):
    """A new authority: its certificate and its key, both PEM."""

    certificate: str
    key: bytes


def new_authority(name: str, organization: str | None, at: datetime) -> Made:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name, organization)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - BEGINS_EARLIER)
        .not_valid_after(at + AUTHORITY_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    certificate = builder.sign(key, hashes.SHA256())
    return Made(_pem(certificate), _key_pem(key))


def kept_authority(
    tenant: TenantId, purpose: str, chain: str, key: bytes, at: datetime, vault: Vault
) -> AuthorityKeys:
    """An authority's keys as they are kept.

    Raises:
        InvalidError: they do not fit each other, or may not sign.
    """
    _check_authority(chain, key)
    return AuthorityKeys(tenant, purpose, chain, vault.seal(key), at)


def _check_authority(chain: str, key: bytes) -> None:
    certificates = _certificates(chain)
    if _public(_private_key(key)) != _public_of(certificates[0]):
        raise InvalidError("the key is not that of the first certificate of the chain")
    try:
        constraints = certificates[0].extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        constraints = None
    if constraints is None or not constraints.value.ca:
        raise InvalidError("the first certificate of the chain is not that of an authority")


def signed(
    assignment: Assignment, issuers: Sequence[x509.Certificate], key: SigningKey, at: datetime
) -> str:
    """The certificate, with the chain up to what signed it, without the root."""
    issuer, csr = issuers[0], x509.load_pem_x509_csr(assignment.csr.encode())
    public_key = csr.public_key()
    until = min(at + LASTS[assignment.purpose], issuer.not_valid_after_utc)
    if until <= at:
        raise RefusedBySignerError("the authority's own certificate has expired")
    named = csr.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(assignment.common_name, str(named[0].value) if named else None))
        .issuer_name(issuer.subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(max(at - BEGINS_EARLIER, issuer.not_valid_before_utc))
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        # A00.FR.513 wants the key's usage, A00.FR.514 warns of the extended one.
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(_issuer_key(issuer), critical=False)
    )
    certificate = builder.sign(key, hashes.SHA256())
    above = [each for each in issuers if each.issuer != each.subject]
    return _pem(certificate) + "".join(map(_pem, above))


def _issuer_key(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    try:
        known = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        public_key = issuer.public_key()
        assert isinstance(public_key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey), "it signed"
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(public_key)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(known.value)


def _name(common_name: str, organization: str | None) -> x509.Name:
    named = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        named.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(named)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _certificates(chain: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(chain.encode())
    except ValueError as error:
        raise InvalidError("an authority's certificate is PEM, with its chain") from error


def _private_key(pem: bytes) -> SigningKey:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise InvalidError("an authority's key is PEM, without a password") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise InvalidError("an authority's key is of RSA or on an elliptic curve")
    return key


def _public(key: SigningKey) -> bytes:
    return _spki(key.public_key())


def _public_of(certificate: x509.Certificate) -> bytes:
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise InvalidError("an authority's key is of RSA or on an elliptic curve")
    return _spki(key)


def _spki(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
