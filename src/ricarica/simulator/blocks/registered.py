"""Which blocks there are. A literal; nothing registers itself on import."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cache
from typing import Any

from ricarica.simulator import v2_commands, v16_commands
from ricarica.simulator.blocks import (
    certificates,
    costs,
    customers,
    der,
    diagnostics,
    displays,
    firmware,
    local_list,
    monitoring,
    payments,
    reservations,
    security,
    smart_charging,
    streams,
    swaps,
    transfers,
)
from ricarica.simulator.core import Block

CORE = Block(
    "core",
    commands={**v16_commands.COMMANDS, **v2_commands.COMMANDS},
    triggers_v16=v16_commands.TRIGGERS,
    triggers_v2=v2_commands.TRIGGERS,
)

BLOCKS: tuple[Block, ...] = (
    CORE,
    certificates.BLOCK,
    security.BLOCK,
    monitoring.BLOCK,
    streams.BLOCK,
    smart_charging.BLOCK,
    der.BLOCK,
    costs.BLOCK,
    payments.BLOCK,
    swaps.BLOCK,
    firmware.BLOCK,
    diagnostics.BLOCK,
    local_list.BLOCK,
    reservations.BLOCK,
    transfers.BLOCK,
    displays.BLOCK,
    customers.BLOCK,
)  # fmt: skip


@cache
def abilities_without(lacking: frozenset[str]) -> Block:
    """Everything a station can do that was built without these blocks."""
    unknown = lacking - {block.name for block in BLOCKS}
    assert not unknown, f"there are no such blocks: {sorted(unknown)}"
    return merged(block for block in BLOCKS if block.name not in lacking)


def merged(blocks: Iterable[Block]) -> Block:
    """All of them as one. What two of them claim would be decided by chance, so it may not be."""
    chosen = (Block("nothing"), *blocks)
    names = [each.name for each in fields(Block) if each.name != "name"]
    parts = {name: [getattr(block, name) for block in chosen] for name in names}
    return Block("everything", **{name: _joined(name, given) for name, given in parts.items()})


def _joined(what: str, parts: list[Any]) -> Any:
    if isinstance(parts[0], Mapping):
        keys = [key for part in parts for key in part]
        _assert_single(what, keys)
        return {key: value for part in parts for key, value in part.items()}
    found = tuple(each for part in parts for each in part)
    if what == "settings":
        _assert_single(what, [setting.name for setting in found])
    return found


def _assert_single(what: str, keys: list[Any]) -> None:
    twice = {key for key in keys if keys.count(key) > 1}
    assert not twice, f"several blocks have the same {what}: {sorted(map(str, twice))}"
