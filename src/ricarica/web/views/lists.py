"""What lists share: a way to the next page, and choices to filter by."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pager:
    """Addresses with the filters kept; None where there is nothing more."""

    previous_url: str | None = None
    next_url: str | None = None
    total: int | None = None
    """How many match in all, where counting is cheap."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An option of a select. `label` is shown as it is; `msg` is translated instead of it."""

    value: str
    label: str = ""
    msg: str | None = None
