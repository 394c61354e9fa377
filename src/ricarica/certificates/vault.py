"""Secrets that have to be readable again, sealed for the time they lie in the database."""

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ricarica.certificates.ports import VaultError
from ricarica.kernel.errors import InvalidError

NO_KEY = "secrets are sealed with one key for all processes; give `secrets_key`, a file of it"
KEY_BYTES = 32
NONCE_BYTES = 12  # NIST SP 800-38D §8.2.2: drawn by chance, for far fewer than 2^32 secrets


class AesVault:
    """Implements `Vault` with AES-GCM. The key is kept outside of the database."""

    def __init__(self, key: bytes) -> None:
        """
        Args:
            key: As `new_key` makes them.

        Raises:
            InvalidError: it is none.
        """
        try:
            raw = base64.urlsafe_b64decode(key)
        except (binascii.Error, ValueError) as error:
            raise InvalidError("a key is 32 bytes in base64") from error
        if len(raw) != KEY_BYTES:
            raise InvalidError(f"a key has {KEY_BYTES} bytes, not {len(raw)}")
        self._cipher = AESGCM(raw)

    def seal(self, secret: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, None)

    def open(self, sealed: bytes) -> bytes:
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
        except (InvalidTag, ValueError) as error:
            raise VaultError(
                "a secret was sealed with another key; give the `secrets_key` file of before"
            ) from error


class MissingVault:
    """Implements `Vault` where several processes have no key in common."""

    def seal(self, secret: bytes) -> bytes:
        raise VaultError(NO_KEY)

    def open(self, sealed: bytes) -> bytes:
        raise VaultError(NO_KEY)


def new_key() -> bytes:
    return base64.urlsafe_b64encode(os.urandom(KEY_BYTES))
