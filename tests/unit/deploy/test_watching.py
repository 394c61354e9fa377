"""The dashboard and the alerts ask only for numbers that there are."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ricarica.api.health import Measure
from ricarica.app.tables import metadata
from ricarica.app.vitals import Health
from ricarica.app.wiring import Parts, node_of
from ricarica.storage.sqlite import SqliteDatabase

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana/ricarica.json").read_text(encoding="utf-8"))
ALERTS = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text(encoding="utf-8"))

OF_PROMETHEUS = {"job", "instance"}  # labels that it adds itself
OF_THE_CLIENT = {
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
}
SERIES = re.compile(r"\b((?:ricarica|process|python)_[a-z_]+|up)\b(?:\{([^}]*)\})?")
LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
GROUPED = re.compile(r"\bby \(([^)]*)\)")


@pytest.fixture(scope="module")
def labels_of() -> dict[str, set[str]]:
    return asyncio.run(exposed())


async def exposed() -> dict[str, set[str]]:
    """The labels of each series that we expose."""
    database = SqliteDatabase(":memory:", metadata)
    found: dict[str, set[str]] = {"up": set(), **{name: set() for name in OF_THE_CLIENT}}
    for measure in Health(node_of(Parts(database))).measures():
        if isinstance(measure, Measure):
            end = "_total" if measure.kind == "counter" else ""
            found[f"{measure.name}{end}"] = set(measure.labels)
        else:
            found |= {f"{measure.name}_sum": set(), f"{measure.name}_count": set()}
            found[f"{measure.name}_bucket"] = {"le"}
    await database.close()
    return found


def panels() -> list[dict[str, Any]]:
    return list(DASHBOARD["panels"])


def asked() -> Iterator[str]:
    for panel in panels():
        yield from (target["expr"] for target in panel.get("targets", ()))
    yield from (each["expr"] for each in DASHBOARD["annotations"]["list"])
    yield from (
        re.sub(r"^label_values\((.*), \w+\)$", r"\1", each["query"])
        for each in DASHBOARD["templating"]["list"]
        if each["type"] == "query"
    )
    for group in ALERTS["groups"]:
        yield from (rule["expr"] for rule in group["rules"])


@pytest.mark.parametrize("expression", list(asked()))
def test_a_query_uses_what_is_exposed(expression: str, labels_of: dict[str, set[str]]) -> None:
    named = SERIES.findall(expression)

    grouped = {word.strip() for by in GROUPED.findall(expression) for word in by.split(",")}
    assert named, f"asks for nothing of ours: {expression}"
    assert expression.count("(") == expression.count(")")
    allowed = set(OF_PROMETHEUS)
    for name, selector in named:
        assert name in labels_of, f"{name} is not exposed"
        allowed |= labels_of[name]
        assert set(LABEL.findall(selector)) <= labels_of[name] | OF_PROMETHEUS
    assert grouped <= allowed


def test_panels_have_a_place_and_a_number_of_their_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, f"{panel['title']} lies on another"
        taken |= cells

    assert len({panel["id"] for panel in panels()}) == len(panels())


def test_a_query_chooses_the_nodes_that_were_chosen() -> None:
    for panel in panels():
        for target in panel.get("targets", ()):
            for name, selector in SERIES.findall(target["expr"]):
                assert selector.startswith('job=~"$job", instance=~"$instance"'), name


def test_an_alert_says_what_is_wrong_and_how_bad_that_is() -> None:
    rules = [rule for group in ALERTS["groups"] for rule in group["rules"]]

    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert set(rule["annotations"]) == {"summary", "description"}
