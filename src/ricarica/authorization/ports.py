from typing import Protocol

from ricarica.authorization.model import Token
from ricarica.kernel.ids import TenantId


class TokenStore(Protocol):
    async def get(self, tenant: TenantId, folded_uid: str) -> Token | None: ...

    def save(self, token: Token) -> None: ...

    def remove(self, token: Token) -> None: ...
