from dataclasses import dataclass

from ricarica.access.model import Role
from ricarica.kernel.ids import StationKey


@dataclass(frozen=True, slots=True)
class OperatorChanged:
    name: str
    role: Role | None  # None: removed
    station: StationKey | None = None


@dataclass(frozen=True, slots=True)
class ApiKeyChanged:
    id: str
    prefix: str
    revoked: bool
    station: StationKey | None = None
