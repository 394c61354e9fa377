"""A manufacturer's keys for tests: a root, and a certificate that signs firmware."""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Signer:
    """Certificates in PEM."""

    root: str
    certificate: str
    key: Key

    def sign(self, content: bytes) -> str:
        if isinstance(self.key, rsa.RSAPrivateKey):
            pss = padding.PSS(padding.MGF1(SHA256()), SHA256.digest_size)
            signed = self.key.sign(content, pss, SHA256())
        else:
            signed = self.key.sign(content, ec.ECDSA(SHA256()))
        return base64.b64encode(signed).decode()


def signer(now: datetime, kind: str = "ecdsa", lives: timedelta = YEAR) -> Signer:
    root_key = ec.generate_private_key(ec.SECP256R1())
    key: Key = (
        rsa.generate_private_key(65_537, 2_048)
        if kind == "rsa"
        else ec.generate_private_key(ec.SECP256R1())
    )
    root = _certificate("Stellavolt Root", root_key, "Stellavolt Root", root_key, now, 10 * YEAR)
    mine = _certificate("Stellavolt Signing", key, "Stellavolt Root", root_key, now, lives)
    return Signer(_pem(root), _pem(mine), key)


def _certificate(
    name: str, key: Key, issuer: str, by: Key, now: datetime, lives: timedelta
) -> x509.Certificate:
    is_root = name == issuer
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + lives)
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .sign(by, SHA256())
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
