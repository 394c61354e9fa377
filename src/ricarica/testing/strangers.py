"""Those outside who are asked over the internet, as far as a test has some."""

from collections.abc import Callable
from dataclasses import dataclass, field

from ricarica.certificates.model import CarAnswer, CarRequest
from ricarica.certificates.ports import UnreachableError

Responder = Callable[[bytes | None], bytes]


@dataclass(slots=True)
class Strangers:
    """Implements `Fetch` and `ContractProvider`."""

    responders: dict[str, Responder] = field(default_factory=dict)
    contracts: dict[str, tuple[str, ...]] = field(default_factory=dict)  # answers by request
    asked: list[str] = field(default_factory=list)

    async def __call__(self, url: str, body: bytes | None, kind: str | None) -> bytes:
        self.asked.append(url)
        if url not in self.responders:
            raise UnreachableError(f"nobody is at {url}")
        return self.responders[url](body)

    async def ask(self, request: CarRequest) -> tuple[CarAnswer, ...]:
        self.asked.append(request.exi)
        if request.exi not in self.contracts:
            raise UnreachableError("there is no contract for this car")
        return tuple(CarAnswer(exi) for exi in self.contracts[request.exi])
