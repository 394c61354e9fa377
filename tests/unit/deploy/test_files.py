"""What `deploy/` says is true of the program: settings, ports, addresses, times."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ricarica.api.health import Vitals, health_handlers
from ricarica.app.config import NAMES, OTHER_VARIABLES, Config, load_config
from ricarica.station_gateway.limits import GatewayLimits

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
HAPROXY = (DEPLOY / "haproxy/haproxy.cfg").read_text(encoding="utf-8")
NGINX = (DEPLOY / "nginx/ricarica.conf").read_text(encoding="utf-8")
IMAGE = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
UNIT = (DEPLOY / "systemd/ricarica.service").read_text(encoding="utf-8")
KUSTOMIZATION: dict[str, Any] = yaml.safe_load(
    (DEPLOY / "kubernetes/kustomization.yaml").read_text(encoding="utf-8")
)
MANIFESTS: list[dict[str, Any]] = [
    manifest
    for name in KUSTOMIZATION["resources"]
    for manifest in yaml.safe_load_all((DEPLOY / "kubernetes" / name).read_text(encoding="utf-8"))
]

NODES = ("node-1", "node-2")
SECRETS = {
    "RICARICA_DATABASE_URL": "postgresql://ricarica:a-password@postgres/ricarica",
    "RICARICA_NATS_URL": "nats://nats:4222",
    "RICARICA_ADMIN_PASSWORD": "twelve-characters",
}
DEFAULT = Config()
LIMITS = GatewayLimits()


def manifest(kind: str, name: str = "ricarica") -> dict[str, Any]:
    return next(
        each for each in MANIFESTS if (each["kind"], each["metadata"]["name"]) == (kind, name)
    )


def pod() -> dict[str, Any]:
    found: dict[str, Any] = manifest("Deployment")["spec"]["template"]["spec"]
    return found


def container() -> dict[str, Any]:
    found: dict[str, Any] = pod()["containers"][0]
    return found


def environment_of(service: str) -> dict[str, str]:
    """As compose would hand it over, with `${NAME:?…}` filled in."""
    given = COMPOSE["services"][service]["environment"]
    return {
        name: re.sub(r"\$\{\w+:\?[^}]*\}", "chosen-by-the-operator", value)
        for name, value in given.items()
    }


def drain_s(environment: dict[str, str]) -> float:
    """How long a full node takes to send its stations off, at the most likely pace."""
    batches = int(environment["RICARICA_CONNECTIONS_MAX"]) / LIMITS.drain_batch
    return LIMITS.drain_s + batches * LIMITS.drain_pause_s + LIMITS.close_s


@pytest.mark.parametrize(
    "file", sorted(path for path in DEPLOY.rglob("*") if path.is_file()), ids=lambda path: path.name
)
def test_a_variable_that_is_set_or_named_is_one_of_ours(file: Path) -> None:
    known = {f"RICARICA_{name.upper()}" for name in NAMES} | OTHER_VARIABLES

    named = set(re.findall(r"RICARICA_[A-Z_]+[A-Z]", file.read_text(encoding="utf-8")))

    assert named <= known


@pytest.mark.parametrize("node", NODES)
def test_a_node_of_the_compose_file_would_start_with_its_settings(node: str) -> None:
    config = load_config({}, environment_of(node))

    assert config.database_url is not None
    assert config.nats_url is not None
    assert config.proxy_protocol, "HAProxy announces whom it connects"
    subnet = COMPOSE["networks"]["inside"]["ipam"]["config"][0]["subnet"]
    assert config.trusted_proxies == subnet


def test_a_pod_would_start_with_its_settings() -> None:
    config = load_config({}, {**manifest("ConfigMap")["data"], **SECRETS})

    ports = {each["name"]: each["containerPort"] for each in container()["ports"]}
    assert ports == {"stations": config.station_port, "http": config.http_port}
    references = [next(iter(each.values()))["name"] for each in container()["envFrom"]]
    assert references == ["ricarica", "ricarica"]


def test_the_settings_file_names_every_secret_that_is_needed() -> None:
    text = (DEPLOY / "kubernetes/settings.yaml").read_text(encoding="utf-8")

    assert all(name in text for name in SECRETS)


def test_ports_are_those_that_the_server_listens_on() -> None:
    ours = {DEFAULT.station_port, DEFAULT.station_tls_port, DEFAULT.http_port}

    exposed = set(
        map(int, re.findall(r"\d+", re.findall(r"^EXPOSE (.*)$", IMAGE, re.MULTILINE)[0]))
    )
    behind_haproxy = {int(port) for port in re.findall(r"server node-\d node-\d:(\d+)", HAPROXY)}
    published = {int(each.split(":")[1]) for each in COMPOSE["services"]["haproxy"]["ports"]}
    bound = {int(port) for port in re.findall(r"bind :(\d+)", HAPROXY)}
    behind_nginx = {int(port) for port in re.findall(r"server 127\.0\.0\.1:(\d+);", NGINX)}

    assert exposed == behind_haproxy == published == ours
    assert bound - {8404} == ours, "8404 is HAProxy's own, for its numbers"
    assert behind_nginx == {DEFAULT.station_port, DEFAULT.http_port}


def test_every_node_stands_behind_the_load_balancer() -> None:
    backends = re.split(r"^backend ", HAPROXY, flags=re.MULTILINE)[1:]

    for backend in backends:
        assert tuple(re.findall(r"^\s+server \S+ (\S+):", backend, re.MULTILINE)) == NODES
    assert set(NODES) <= set(COMPOSE["services"])


def test_stations_are_spread_with_a_slow_start_and_announced() -> None:
    for backend in re.split(r"^backend ", HAPROXY, flags=re.MULTILINE)[1:]:
        if backend.startswith("stations"):
            assert "balance leastconn" in backend
            assert "slowstart" in backend
            assert "send-proxy-v2" in backend
            assert "on-marked-down" not in backend, "a database that is away sends nobody off"


def test_who_looks_after_a_node_asks_where_there_is_an_answer() -> None:
    paths = {path for handler in health_handlers(Vitals({})) for path in handler.paths}

    asked = re.findall(r"/health/\w+", f"{IMAGE}{HAPROXY}{container()}")

    assert asked
    assert set(asked) <= paths


def test_a_node_has_time_to_send_its_stations_off() -> None:
    needed_s = drain_s(manifest("ConfigMap")["data"])
    waiting_s = float(container()["lifecycle"]["preStop"]["exec"]["command"][1])

    assert pod()["terminationGracePeriodSeconds"] >= waiting_s + needed_s
    for node in NODES:
        given_s = float(COMPOSE["services"][node]["stop_grace_period"].rstrip("s"))
        assert given_s >= drain_s(environment_of(node))


def test_proxies_wait_longer_for_a_silent_station_than_the_server_does() -> None:
    minutes = [
        *re.findall(r"^\s+timeout (?:client|server) (\d+)m", HAPROXY, re.MULTILINE),
        *re.findall(r"proxy_(?:read|send)_timeout (\d+)m", NGINX),
    ]

    assert len(minutes) == 4
    assert all(int(each) * 60 > LIMITS.silence_max_s for each in minutes)


def test_the_load_balancer_sends_a_node_no_more_than_it_takes() -> None:
    sent = {int(most) for most in re.findall(r"maxconn (\d+) send-proxy", HAPROXY)}

    for node in NODES:
        taken = int(environment_of(node)["RICARICA_CONNECTIONS_MAX"])
        assert max(sent) <= taken < COMPOSE["services"][node]["ulimits"]["nofile"]


def test_a_unit_of_systemd_leaves_room_and_time_for_all_stations() -> None:
    unit = dict(re.findall(r"^(\w+)=(.*)$", UNIT, re.MULTILINE))

    assert int(unit["LimitNOFILE"]) > DEFAULT.connections_max
    most = {"RICARICA_CONNECTIONS_MAX": str(DEFAULT.connections_max)}
    assert int(unit["TimeoutStopSec"]) >= drain_s(most)
    given = dict(each.split("=") for each in unit["Environment"].split())
    assert load_config({}, given).data == Path("/var/lib") / unit["StateDirectory"]


def test_the_image_is_made_of_files_that_are_there() -> None:
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", IMAGE, re.MULTILINE)

    for source in " ".join(copied).split():
        assert (ROOT / source).exists(), source
    for lock in ("runtime", "otel"):
        assert (ROOT / f"requirements/{lock}.lock").exists()
    assert re.findall(r"^USER (.*)$", IMAGE, re.MULTILINE) == ["10001:10001"]


def test_images_of_one_thing_are_the_same_everywhere() -> None:
    assert COMPOSE["services"]["node-1"]["image"] == container()["image"] == "ricarica"
    assert KUSTOMIZATION["images"][0]["name"] == "ricarica"


def test_what_selects_pods_selects_ours() -> None:
    labels = manifest("Deployment")["spec"]["template"]["metadata"]["labels"]
    names = {port["name"] for port in container()["ports"]}

    assert manifest("Deployment")["spec"]["selector"]["matchLabels"] == labels
    assert manifest("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
    for service in ("ricarica", "ricarica-stations"):
        spec = manifest("Service", service)["spec"]
        assert spec["selector"] == labels
        assert {port["targetPort"] for port in spec["ports"]} <= names
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container()[probe]["httpGet"]["port"] in names


def test_the_tls_part_opens_the_port_that_the_server_opens() -> None:
    part = yaml.safe_load(
        (DEPLOY / "kubernetes/tls/kustomization.yaml").read_text(encoding="utf-8")
    )
    patches = [yaml.safe_load(each["patch"]) for each in part["patches"]]
    settings, deployment, service = patches

    config = load_config({}, {**manifest("ConfigMap")["data"], **settings["data"], **SECRETS})
    spec = deployment["spec"]["template"]["spec"]
    (port,) = spec["containers"][0]["ports"]
    (mount,) = spec["containers"][0]["volumeMounts"]
    assert port["containerPort"] == config.station_tls_port
    assert [each["targetPort"] for each in service["spec"]["ports"]] == [port["name"]]
    assert config.tls_certificate == Path(mount["mountPath"]) / "tls.crt"
    assert config.tls_key == Path(mount["mountPath"]) / "tls.key"
    assert [each["name"] for each in spec["volumes"]] == [mount["name"]]
    for patch in patches:
        manifest(patch["kind"], patch["metadata"]["name"])


def test_a_pod_is_root_of_nothing() -> None:
    security = container()["securityContext"]

    assert pod()["securityContext"]["runAsNonRoot"]
    assert pod()["securityContext"]["runAsUser"] == 10001
    assert security["readOnlyRootFilesystem"]
    assert not security["allowPrivilegeEscalation"]
    mounted = {mount["name"] for mount in container()["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod()["volumes"]}
