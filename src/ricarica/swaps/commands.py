from dataclasses import dataclass

from ricarica.authorization.model import TokenRef


@dataclass(frozen=True, slots=True)
class RequestSwap:
    """S02: let whoever this token belongs to swap. `number` names it."""

    token: TokenRef
    number: int
