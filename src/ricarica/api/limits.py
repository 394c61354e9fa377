"""Limits of transactions, as programs write them."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct

from ricarica.api.replies import plain_or_none
from ricarica.transactions.terms import Limits

SECONDS_MAX = 31 * 86_400  # nobody charges for longer than a month


class LimitsBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a transaction is to stop. `cost` includes VAT; `seconds` count from its start."""

    cost: Decimal | None = None
    energy_wh: Decimal | None = None
    seconds: Annotated[int, Meta(ge=1, le=SECONDS_MAX)] | None = None
    soc_percent: Annotated[int, Meta(ge=1, le=100)] | None = None


def limits_from(body: LimitsBody) -> Limits:
    time = None if body.seconds is None else timedelta(seconds=body.seconds)
    return Limits(body.cost, body.energy_wh, time, body.soc_percent)


def limits_body(limits: Limits | None) -> LimitsBody | None:
    if limits is None:
        return None
    seconds = None if limits.time is None else int(limits.time.total_seconds())
    return LimitsBody(
        plain_or_none(limits.cost), plain_or_none(limits.energy_wh), seconds, limits.soc_percent
    )
