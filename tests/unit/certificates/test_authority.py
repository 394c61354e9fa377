"""What an authority of ours signs."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from ricarica.certificates.authority import (
    GivenAuthority,
    OwnAuthority,
    kept_authority,
    new_authority,
)
from ricarica.certificates.model import Purpose
from ricarica.certificates.ports import Assignment, RefusedBySignerError, VaultError
from ricarica.certificates.vault import AesVault, MissingVault, new_key
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.testing.clock import FakeClock
from tests.unit.certificates.test_csr import csr_of

CLOCK = FakeClock()
VAULT = AesVault(new_key())


def assignment(purpose: Purpose = Purpose.STATION) -> Assignment:
    made = new_authority("Test CA", "Volta", CLOCK.now())
    keys = kept_authority(DEFAULT_TENANT, "station", made.certificate, made.key, CLOCK.now(), VAULT)
    return Assignment(csr_of(is_authority=True), purpose, "SV-1", keys)


async def test_a_certificate_says_what_we_say_whatever_was_asked_for() -> None:
    given = assignment()
    assert given.keys is not None

    chain = await OwnAuthority(VAULT, CLOCK).sign(given)

    [leaf] = x509.load_pem_x509_certificates(chain.encode())
    issuer = x509.load_pem_x509_certificate(given.keys.chain.encode())
    leaf.verify_directly_issued_by(issuer)
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert leaf.not_valid_after_utc == CLOCK.now() + timedelta(days=365)
    assert leaf.serial_number.bit_length() > 64
    with pytest.raises(x509.ExtensionNotFound):  # A00.FR.514
        leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage)


async def test_a_certificate_for_cars_lasts_three_months() -> None:
    [leaf] = x509.load_pem_x509_certificates(
        (await OwnAuthority(VAULT, CLOCK).sign(assignment(Purpose.V2G))).encode()
    )

    assert leaf.not_valid_after_utc == CLOCK.now() + timedelta(days=90)


def test_the_key_of_an_authority_is_sealed() -> None:
    made = new_authority("Test CA", None, CLOCK.now())

    keys = kept_authority(DEFAULT_TENANT, "station", made.certificate, made.key, CLOCK.now(), VAULT)

    assert b"PRIVATE KEY" not in keys.sealed_key
    assert VAULT.open(keys.sealed_key) == made.key


def test_a_key_of_somebody_else_is_refused() -> None:
    one, other = (new_authority("Test CA", None, CLOCK.now()) for _ in range(2))

    with pytest.raises(InvalidError, match="not that of the first certificate"):
        GivenAuthority({"station": (one.certificate, other.key)}, CLOCK)


async def test_files_sign_only_for_what_they_were_given() -> None:
    made = new_authority("Test CA", None, CLOCK.now())
    authority = GivenAuthority({"station": (made.certificate, made.key)}, CLOCK)

    chain = await authority.sign(assignment()._replace(keys=None))
    [leaf] = x509.load_pem_x509_certificates(chain.encode())
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(made.certificate.encode()))
    with pytest.raises(RefusedBySignerError):
        await authority.sign(assignment(Purpose.V2G)._replace(keys=None))


def test_what_one_key_sealed_another_does_not_open() -> None:
    with pytest.raises(VaultError, match="another key"):
        AesVault(new_key()).open(VAULT.seal(b"secret"))
    with pytest.raises(VaultError, match="secrets_key"):
        MissingVault().seal(b"secret")


def test_keys_on_curves_have_the_strength_that_is_asked_for() -> None:
    made = new_authority("Test CA", None, CLOCK.now())
    key = x509.load_pem_x509_certificate(made.certificate.encode()).public_key()

    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.key_size == 256
