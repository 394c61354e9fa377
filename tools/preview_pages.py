"""Show every page with rich sample data, without a server or a database.

`python -m tools.preview_pages --write DIR` writes them as files; `--serve PORT` shows them at
their real addresses, with a stream that makes them move; `--shots DIR` photographs each in
Chromium at 390 and 1600 px, light and dark, and fails if anything scrolls sideways or the console
complains.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from ricarica.access.model import Role
from ricarica.stations.commands import Outcome
from ricarica.web.assets import DIST, load_assets
from ricarica.web.headers import page_headers
from ricarica.web.rendering import Pages
from ricarica.web.views.charts import Chart
from ricarica.web.views.commands import Command, CommandOutcome
from ricarica.web.views.entry import WRONG_PASSWORD, ErrorPage, LoginPage
from ricarica.web.views.lists import Choice, Pager
from ricarica.web.views.overview import Attention, Figures, OverviewPage, PowerHistory, Running
from ricarica.web.views.overview import Network as NetworkView
from ricarica.web.views.pending import PendingPage
from ricarica.web.views.settings import ApiKeyRow, NewApiKey, OperatorRow, ProfilePage
from ricarica.web.views.stations import (
    MessagesPage,
    SettingsPage,
    StationFilter,
    StationForm,
    StationPage,
    StationRows,
    StationsPage,
)
from ricarica.web.views.tariffs import TariffForm, TariffsPage
from ricarica.web.views.tokens import TokenForm, TokensPage
from ricarica.web.views.transactions import TransactionPage, TransactionRows, TransactionsPage
from ricarica.web.views.visit import Notice, Theme, View, Viewer, Visit
from tools.preview_energy import empty_station_energy, energy_page, station_energy_page
from tools.preview_monitoring import monitoring_pages
from tools.preview_samples import Network
from tools.preview_security import (
    bare_station_security_page,
    certificates_page,
    doctor_page,
    empty_events_page,
    events_page,
    networks_page,
    station_security_page,
)
from tools.preview_texts import HOSTILE

TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
FIXED = datetime(2026, 11, 22, 9, 41, tzinfo=UTC)
WIDTHS = (390, 1600)


@dataclass(frozen=True)
class Scene:
    """A page as it would be at an address, in a certain mood."""

    address: str
    view: View
    role: Role | None = Role.ADMIN
    notice: Notice | None = None


def overview_page(net: Network) -> OverviewPage:
    running = Running(tuple(net.running[:12]), len(net.running))
    return OverviewPage(net.figures(), net.power(), net.network(), net.attention(), running)


def empty_overview() -> OverviewPage:
    return OverviewPage(
        Figures(Decimal(0), None, Decimal(0), (), 0, 0, 0, {}),
        PowerHistory(Chart()),
        NetworkView((), ()),
        Attention(()),
        Running((), 0),
    )


def station_scenes(net: Network) -> dict[str, Scene]:
    good, bad, faulty, gone = net.stations[0], net.stations[5], net.stations[12], net.stations[3]
    sites = tuple(Choice(place, place) for place in ("Modena", "Bologna Fiera", HOSTILE))

    def page(row: object, may_act: bool = True) -> StationPage:
        found = next(station for station in net.stations if station is row)
        evses = (
            net.evses(found)
            if may_act
            else replace(net.evses(found), can_start=False, can_stop=False)
        )
        return StationPage(
            net.head(found),
            evses,
            net.facts(found),
            net.commands(found, may_act),
            net.log(found),
            tuple(net.ended[:6]),
        )

    return {
        "stations": Scene(
            "/stations",
            StationsPage(
                tuple(net.stations[:25]), Pager(next_url="/stations?after=x", total=48), sites=sites
            ),
        ),
        **{name: Scene(path, each) for name, (path, each) in monitoring_pages(net, good).items()},
        "stations-none": Scene("/stations?q=zz", StationsPage((), filter=StationFilter(q="zz"))),
        "stations-empty": Scene("/empty/stations", StationsPage(())),
        "station": Scene("/stations/one", page(good)),
        "station-hostile": Scene("/stations/hostile", page(bad)),
        "station-faulty": Scene("/stations/faulty", page(faulty)),
        "station-offline": Scene("/stations/gone", page(gone)),
        "station-viewer": Scene("/stations/viewer", page(good, may_act=False), Role.VIEWER),
        "station-settings": Scene(
            "/stations/one/settings",
            SettingsPage(net.head(good), net.commands(good), net.settings(good), net.ago(hours=2)),
        ),
        "station-settings-empty": Scene(
            "/stations/gone/settings", SettingsPage(net.head(gone), net.commands(gone), ())
        ),
        "station-messages": Scene(
            "/stations/one/messages",
            MessagesPage(
                net.head(good), net.log(good, 40), actions=("BootNotification", "TransactionEvent")
            ),
        ),
        "station-form": Scene(
            "/stations/new",
            StationForm(
                id="CP 1", sites=sites, errors={"id": "Already taken.", "password": "Too short."}
            ),
        ),
    }


def energy_scenes(net: Network) -> dict[str, Scene]:
    good, gone = net.head(net.stations[0]), net.head(net.stations[3])
    nothing = empty_station_energy(gone, net.now)
    return {
        "energy": Scene("/energy", energy_page(net.now)),
        "station-energy": Scene("/stations/one/energy", station_energy_page(good, net.now)),
        "station-energy-empty": Scene("/stations/gone/energy", nothing, Role.VIEWER),
    }


def security_scenes(net: Network) -> dict[str, Scene]:
    head = net.head(net.stations[0])
    return {
        "security": Scene("/security", events_page(net.now)),
        "security-empty": Scene("/empty/security", empty_events_page(), Role.VIEWER),
        "security-certificates": Scene("/security/certificates", certificates_page(net.now)),
        "security-networks": Scene("/security/networks", networks_page()),
        "security-doctor": Scene("/security/doctor", doctor_page(net.now)),
        "station-security": Scene("/stations/one/security", station_security_page(head, net.now)),
        "station-security-bare": Scene(
            "/stations/gone/security", bare_station_security_page(head), Role.VIEWER
        ),
    }


def other_scenes(net: Network) -> dict[str, Scene]:
    rows = (*net.running[:8], *net.ended)
    running, ended = net.live(net.running[0]), net.live(net.ended[4])
    key = ApiKeyRow(
        "k1",
        f"Grafana {HOSTILE}",
        "ric_a1b2c3",
        Role.VIEWER,
        net.ago(days=90),
        net.ago(minutes=4),
        "admin",
    )
    people = (
        OperatorRow("admin", Role.ADMIN, net.ago(days=410), True),
        OperatorRow("turno notte", Role.OPERATOR, net.ago(days=9)),
    )
    return {
        "overview": Scene("/", overview_page(net)),
        "overview-empty": Scene("/empty", empty_overview()),
        "transactions": Scene(
            "/transactions", TransactionsPage(rows, Pager(next_url="/transactions?before=x"))
        ),
        "transactions-empty": Scene("/empty/transactions", TransactionsPage(())),
        "transaction": Scene(
            "/transactions/running",
            TransactionPage(
                running, "c0ffee-17", "2.0.1", may_stop=True, facts={"remoteStartId": "771"}
            ),
        ),
        "transaction-ended": Scene("/transactions/ended", TransactionPage(ended, "1234567", "1.6")),
        "tokens": Scene(
            "/tokens", TokensPage(net.tokens(), Pager(total=14)), notice=Notice.TOKEN_BLOCKED
        ),
        "tokens-empty": Scene("/empty/tokens", TokensPage(())),
        "token-form": Scene(
            "/tokens/new", TokenForm(uid=HOSTILE, errors={"uid": "Already taken."})
        ),
        "tariffs": Scene("/tariffs", TariffsPage(net.tariffs())),
        "tariff-form": Scene(
            "/tariffs/new", TariffForm(per_kwh="abc", errors={"per_kwh": "Not a number."})
        ),
        "pending": Scene("/pending", PendingPage(net.pending(), (Choice("m", "Modena"),))),
        "pending-empty": Scene("/empty/pending", PendingPage((), are_unknown_refused=True)),
        "settings": Scene(
            "/settings",
            ProfilePage(
                (key,),
                people,
                NewApiKey("Backoffice", "ric_3f9s8d7f6g5h4j3k2l1q0w9e8r7t6y5u4i3o2p1a"),
                "0.1.0",
            ),
        ),
        "login": Scene("/login", LoginPage(), None),
        "login-wrong": Scene("/login/wrong", LoginPage("admin", error=WRONG_PASSWORD), None),
        "error-403": Scene("/error/403", ErrorPage(403), Role.VIEWER),
        "error-404": Scene("/error/404", ErrorPage(404)),
        "error-500": Scene("/error/500", ErrorPage(500, "01939f2a", HOSTILE), None),
    }


def scenes_of(net: Network) -> dict[str, Scene]:
    parts = (other_scenes, station_scenes, energy_scenes, security_scenes)
    return {name: scene for part in parts for name, scene in part(net).items()}


def visit_of(scene: Scene, now: datetime, language: str = "en", theme: str = "auto") -> Visit:
    viewer = Viewer("admin", scene.role) if scene.role else None
    return Visit(
        viewer,
        now,
        scene.address,
        "csrf-of-the-preview",
        language,
        Theme(theme),
        "Europe/Rome",
        2,
        scene.notice,
    )


def fragment_of(net: Network, path: str, ids: list[str]) -> View:
    """What a live part asks for, with a little movement in it."""
    net.running = [
        replace(one, power_w=moved(one.power_w), energy_wh=(one.energy_wh or Decimal(0)) + 40)
        for one in net.running
    ]
    views: Mapping[str, Callable[[], View]] = {
        "/fragments/overview/figures": net.figures,
        "/fragments/overview/power": net.power,
        "/fragments/overview/network": net.network,
        "/fragments/overview/attention": net.attention,
        "/fragments/overview/running": lambda: Running(tuple(net.running[:12]), len(net.running)),
        "/fragments/stations/rows": lambda: StationRows(
            tuple(one for one in net.stations if one.id in ids)
        ),
        "/fragments/transactions/rows": lambda: TransactionRows(
            tuple(one for one in net.running if one.id in ids)
        ),
    }
    return views.get(path, lambda: part_of(net, path))()


def part_of(net: Network, path: str) -> View:
    if path.startswith("/fragments/transactions/"):
        return net.live(net.running[0])
    row = net.stations[0]
    parts: Mapping[str, View] = {
        "head": net.head(row),
        "evses": net.evses(row),
        "messages": net.log(row),
    }
    return parts[path.rsplit("/", 1)[-1]]


def moved(power_w: Decimal | None) -> Decimal | None:
    return power_w and max(Decimal(0), power_w + random.randint(-400, 420))


def outcome_of(path: str) -> CommandOutcome:
    answer = {"status": "Accepted", "statusInfo": {"reasonCode": HOSTILE}}
    command = Command(path.rsplit("/", 1)[-1])
    return CommandOutcome(
        command, Outcome.ACCEPTED, "Accepted", answer_json=json.dumps(answer), took_ms=312
    )


class Preview(BaseHTTPRequestHandler):
    """Serves the scenes. `shots` photographs through it, so that cookies and headers are real."""

    pages: Pages
    net: Network
    scenes: dict[str, Scene]

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path.startswith("/static/dist/"):
            file = DIST / url.path.rsplit("/", 1)[-1]
            self.send(file.read_bytes(), TYPES.get(file.suffix, "font/woff2"), {})
        elif url.path == "/live":
            self.stream()
        elif url.path.startswith("/fragments/"):
            ids = parse_qs(url.query).get("id", [])
            self.show(fragment_of(self.net, url.path, ids), self.scene_at(url.path))
        else:
            scene = self.scene_at(url.path)
            self.show(scene.view, scene)

    def do_POST(self) -> None:
        body = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        if "/commands/" in self.path:
            time.sleep(1)  # as long as a station may think about it
            self.show(outcome_of(self.path), self.scene_at("/"))
            return
        self.send_response(303)
        self.send_header("Location", body.get("next", ["/"])[0])
        for name in ("lang", "theme"):
            for value in body.get(name, []):
                self.send_header("Set-Cookie", f"{name}={value}; Path=/; SameSite=Lax")
        self.end_headers()

    def scene_at(self, path: str) -> Scene:
        missing = Scene(self.path, ErrorPage(404))
        return next((one for one in self.scenes.values() if one.address == path), missing)

    def show(self, view: View, scene: Scene) -> None:
        cookies = SimpleCookie(self.headers.get("Cookie", ""))
        chosen = {name: cookies[name].value for name in ("lang", "theme") if name in cookies}
        visit = visit_of(scene, self.net.now, chosen.get("lang", "en"), chosen.get("theme", "auto"))
        html = self.pages.render(view, visit)
        self.send(html.encode(), "text/html; charset=utf-8", page_headers())

    def stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            while True:
                row = random.choice(self.net.running)
                told: tuple[tuple[str, dict[str, str]], ...] = (
                    ("overview", {}),
                    ("station", {"id": self.net.stations[0].id}),
                    ("messages", {"station": self.net.stations[0].id}),
                    ("transaction", {"id": row.id, "station": row.station}),
                )
                for kind, change in told:
                    self.wfile.write(f"event: {kind}\ndata: {json.dumps(change)}\n\n".encode())
                self.wfile.flush()
                time.sleep(0.5)
        except OSError:
            return

    def send(self, body: bytes, kind: str, headers: Mapping[str, str], status: int = 200) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        return


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that leaves in the middle of a download is no error worth a page of text."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # only passed on


def server_on(port: int, now: datetime) -> ThreadingHTTPServer:
    Preview.net = Network(now)
    Preview.scenes = scenes_of(Preview.net)
    Preview.pages = Pages(load_assets())
    return QuietServer(("127.0.0.1", port), Preview)


def write(folder: Path) -> None:
    net = Network(FIXED)
    pages = Pages(load_assets())
    folder.mkdir(parents=True, exist_ok=True)
    for language in ("en", "it"):
        for name, scene in scenes_of(net).items():
            html = pages.render(scene.view, visit_of(scene, FIXED, language))
            (folder / f"{name}.{language}.html").write_text(html, "utf-8")


def shots(folder: Path, only: list[str], language: str) -> int:
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    server = server_on(0, datetime.now(UTC))
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    findings: list[str] = []
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for width in WIDTHS:
            for theme in ("light", "dark"):
                context = browser.new_context(
                    viewport={"width": width, "height": 844 if width == 390 else 1000}
                )
                context.add_cookies(
                    [
                        {"name": name, "value": value, "url": address}
                        for name, value in (("theme", theme), ("lang", language))
                    ]
                )
                page = context.new_page()
                page.on(
                    "console",
                    lambda said: findings.append(said.text) if said.type == "error" else None,
                )
                page.on("pageerror", lambda error: findings.append(str(error)))
                for name, scene in Preview.scenes.items():
                    if only and name not in only:
                        continue
                    page.goto(address + scene.address)
                    page.wait_for_timeout(350)
                    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                    if wide > 0:
                        findings.append(f"{name} at {width}: {wide} px too wide")
                    page.screenshot(path=folder / f"{name}-{width}-{theme}.png", full_page=True)
                context.close()
        browser.close()
    server.shutdown()
    print("\n".join(sorted(set(findings))) or f"all well, see {folder}")
    return len(findings)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", type=Path, metavar="DIR")
    parser.add_argument("--serve", type=int, metavar="PORT")
    parser.add_argument("--shots", type=Path, metavar="DIR")
    parser.add_argument("--only", nargs="*", default=[], metavar="PAGE")
    parser.add_argument("--language", default="en")
    options = parser.parse_args()
    if options.write:
        write(options.write)
    if options.serve:
        server_on(options.serve, datetime.now(UTC)).serve_forever()
    return min(1, shots(options.shots, options.only, options.language)) if options.shots else 0


if __name__ == "__main__":
    sys.exit(main())
