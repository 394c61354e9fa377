"""What this slice needs of the world, in its own words."""

from typing import NamedTuple, Protocol

from ricarica.certificates.model import (
    AuthorityKeys,
    CarAnswer,
    CarRequest,
    Purpose,
    Root,
    RootKind,
    SigningRequest,
    TrustStore,
)
from ricarica.kernel.errors import RicaricaError
from ricarica.kernel.ids import StationKey, TenantId


class UnreachableError(RicaricaError):
    """Somebody outside could not be asked, or what came back makes no sense."""


class RefusedBySignerError(RicaricaError):
    """An authority will not sign this, however often it is asked."""


class Vault(Protocol):
    """Keeps secrets so that who steals the database does not have them."""

    def seal(self, secret: bytes) -> bytes: ...

    def open(self, sealed: bytes) -> bytes:
        """
        Raises:
            VaultError: it was sealed with another key.
        """
        ...


class VaultError(RicaricaError):
    """What is sealed cannot be opened here."""


class Assignment(NamedTuple):
    """What an authority is to sign. `keys`: those of our own, where it is one of ours."""

    csr: str
    purpose: Purpose
    common_name: str
    keys: AuthorityKeys | None


class Authority(Protocol):
    """Signs the certificates of stations."""

    @property
    def is_ours(self) -> bool:
        """Whether it needs keys that this slice keeps."""
        ...

    async def sign(self, assignment: Assignment) -> str:
        """The chain in PEM, its own first, without the root.

        Raises:
            UnreachableError: ask again later.
            RefusedBySignerError: do not.
        """
        ...


class Fetch(Protocol):
    """Asks strangers over HTTP: bounded in time and size, and never in our own network."""

    async def __call__(self, url: str, body: bytes | None, kind: str | None) -> bytes:
        """
        Raises:
            UnreachableError: it may not be asked, or did not answer.
        """
        ...


class ContractProvider(Protocol):
    """Has contract certificates for cars, or knows who has."""

    async def ask(self, request: CarRequest) -> tuple[CarAnswer, ...]:
        """All that there are for this car; none is an error.

        Raises:
            UnreachableError: nobody answered.
        """
        ...


class CertificateStore(Protocol):
    async def request(self, station: StationKey, id: str) -> SigningRequest | None: ...

    async def requests(self, station: StationKey) -> list[SigningRequest]: ...

    async def requests_of_key(self, tenant: TenantId, id: str) -> list[SigningRequest]:
        """Of all stations of a tenant; a key is that of one of them."""
        ...

    def save_request(self, request: SigningRequest) -> None: ...

    def remove_request(self, request: SigningRequest) -> None: ...

    async def trust_store(self, station: StationKey) -> TrustStore | None: ...

    def save_trust_store(self, store: TrustStore) -> None: ...

    async def roots(self, tenant: TenantId) -> list[Root]: ...

    async def root(self, tenant: TenantId, id: str, kind: RootKind) -> Root | None: ...

    def save_root(self, root: Root) -> None: ...

    def remove_root(self, root: Root) -> None: ...

    async def keys(self, tenant: TenantId, purpose: str) -> AuthorityKeys | None: ...

    def save_keys(self, keys: AuthorityKeys) -> None: ...
