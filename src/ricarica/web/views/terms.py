"""What few transactions have: limits, a payment, costs that the station counted."""

from collections.abc import Mapping
from dataclasses import dataclass

from ricarica.billing.model import Payment
from ricarica.transactions.terms import CountedCost, LimitKind, Limits
from ricarica.web.translations import msgid

LIMIT_LABELS: Mapping[LimitKind, str] = {
    LimitKind.COST: msgid("Cost"),
    LimitKind.ENERGY: msgid("Energy"),
    LimitKind.TIME: msgid("Time"),
    LimitKind.SOC: msgid("Battery"),
}


@dataclass(frozen=True, slots=True)
class TransactionTerms:
    """What few transactions have; part of GET /transactions/{id}."""

    wanted: Limits | None = None
    kept: Limits | None = None
    stopped_for: LimitKind | None = None
    counted: CountedCost | None = None
    is_counted_as_ours: bool = True
    payment: Payment | None = None
    signed: int = 0  # readings
    currency: str | None = None
    may_limit: bool = False
    may_check: bool = False

    @property
    def is_empty(self) -> bool:
        told = (self.wanted, self.kept, self.counted, self.payment, self.signed)
        return not any(told) and not self.may_limit
