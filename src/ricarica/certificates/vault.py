"""Secrets that have to be readable again, sealed for the time they lie in the database."""

from cryptography.fernet import Fernet, InvalidToken

from ricarica.certificates.ports import VaultError

NO_KEY = "secrets are sealed with one key for all processes; give `secrets_key`, a file of it"


class FernetVault:
    """Implements `Vault`. The key is kept outside of the database."""

    def __init__(self, key: bytes) -> None:
        """
        Args:
            key: As `new_key` makes them.
        """
        self._fernet = Fernet(key)

    def seal(self, secret: bytes) -> bytes:
        return self._fernet.encrypt(secret)

    def open(self, sealed: bytes) -> bytes:
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken as error:
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
    return Fernet.generate_key()
