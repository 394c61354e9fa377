"""Authorities for tests: they sign, they revoke, and they answer when they are asked about it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from ricarica.certificates.model import HashAlgorithm, HashData
from ricarica.certificates.reading import hashes_of

LASTS = timedelta(days=365)


@dataclass(slots=True, eq=False)
class Issuer:
    """`responder`: the address at which it is asked, written into what it signs."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    at: datetime
    responder: str | None = None
    revocation_list: str | None = None
    revoked: set[int] = field(default_factory=set)
    unknown: set[int] = field(default_factory=set)
    delegate: "Issuer | None" = None
    """Answers in its place."""

    @property
    def pem(self) -> str:
        return pem_of(self.certificate)

    def subordinate(self, name: str, responder: str | None = None) -> "Issuer":
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(name, key, is_authority=True, lasts=LASTS)
        return Issuer(certificate, key, self.at, responder)

    def leaf(
        self, name: str, *, lasts: timedelta = LASTS, answers: bool = False
    ) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        key = ec.generate_private_key(ec.SECP256R1())
        return self._signed(name, key, is_authority=False, lasts=lasts, answers=answers), key

    def let_answer(self) -> None:
        certificate, key = self.leaf("OCSP responder", answers=True)
        self.delegate = Issuer(certificate, key, self.at)

    def hashes(
        self, certificate: x509.Certificate, algorithm: HashAlgorithm = HashAlgorithm.SHA256
    ) -> HashData:
        return hashes_of(certificate, self.certificate, algorithm)

    def answer(self, request: bytes | None) -> bytes:
        """An OCSP response to an OCSP request, both DER."""
        assert request is not None, "OCSP is asked with a request"
        asked = ocsp.load_der_ocsp_request(request)
        status = ocsp.OCSPCertStatus.GOOD
        if asked.serial_number in self.revoked:
            status = ocsp.OCSPCertStatus.REVOKED
        elif asked.serial_number in self.unknown:
            status = ocsp.OCSPCertStatus.UNKNOWN
        is_revoked = status is ocsp.OCSPCertStatus.REVOKED
        signer = self.delegate or self
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response_by_hash(
                asked.issuer_name_hash,
                asked.issuer_key_hash,
                asked.serial_number,
                asked.hash_algorithm,
                status,
                this_update=self.at - timedelta(hours=1),
                next_update=self.at + timedelta(days=2),
                revocation_time=self.at - timedelta(days=1) if is_revoked else None,
                revocation_reason=None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
            .certificates([signer.certificate])
        )
        response = builder.sign(signer.key, hashes.SHA256())
        return response.public_bytes(serialization.Encoding.DER)

    def list_of_revoked(self, _request: bytes | None = None) -> bytes:
        """A list of what was revoked, DER."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(self.at - timedelta(hours=1))
            .next_update(self.at + timedelta(days=2))
        )
        for serial in self.revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial)
            builder = builder.add_revoked_certificate(
                entry.revocation_date(self.at - timedelta(days=1)).build()
            )
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def _signed(
        self,
        name: str,
        key: ec.EllipticCurvePrivateKey,
        *,
        is_authority: bool,
        lasts: timedelta,
        answers: bool = False,
    ) -> x509.Certificate:
        builder = _builder(name, self.certificate.subject, key, self.at, lasts).add_extension(
            x509.BasicConstraints(ca=is_authority, path_length=None), critical=True
        )
        if self.responder:
            builder = builder.add_extension(_asked_at(self.responder), critical=False)
        if self.revocation_list:
            builder = builder.add_extension(_listed_at(self.revocation_list), critical=False)
        if answers:
            usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
            builder = builder.add_extension(usage, critical=False)
        return builder.sign(self.key, hashes.SHA256())


def root_authority(name: str, at: datetime) -> Issuer:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = _builder(name, subject, key, at, LASTS).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    return Issuer(builder.sign(key, hashes.SHA256()), key, at)


def pem_of(*certificates: x509.Certificate) -> str:
    return "".join(each.public_bytes(serialization.Encoding.PEM).decode() for each in certificates)


def _builder(
    name: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, at: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=400))
        .not_valid_after(at + lasts)
    )


def _asked_at(url: str) -> x509.AuthorityInformationAccess:
    method, location = AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(url)
    return x509.AuthorityInformationAccess([x509.AccessDescription(method, location)])


def _listed_at(url: str) -> x509.CRLDistributionPoints:
    names = [x509.UniformResourceIdentifier(url)]
    return x509.CRLDistributionPoints([x509.DistributionPoint(names, None, None, None)])
