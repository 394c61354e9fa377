// <site-map markers="id of a list" land="…json">: a quiet map that needs no network beyond this server. Coastlines, borders and a
// grid of degrees; an operator's own tiles lie above them if `tiles` is set.
import * as L from "leaflet";
import leafletSheet from "leaflet/dist/leaflet.css";
import { feature } from "topojson-client";
import type { Topology } from "topojson-specification";

interface Site {
  at: L.LatLng;
  name: string;
  url: string;
  status: string;
  evses: number;
}

// Worst first: of several sites under one pin, the one that needs someone shows.
const URGENCY = ["faulted", "offline", "unavailable", "suspended", "charging", "finishing", "preparing", "occupied", "reserved", "available"];
const PIN_PX = 38; // closer pins would overlap
const PIN_WIDTH_PX = 48;
const NAMED_PIN_WIDTH_PX = 190;
const PIN_HEIGHT_PX = 24;
const ZOOM_MAX = 14;
const STEPS = [30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01];

class SiteMap extends HTMLElement {
  #map: L.Map | undefined;
  #pins = L.layerGroup();
  #grid = L.layerGroup();
  #observer = new MutationObserver(() => this.#place());

  connectedCallback(): void {
    if (this.#map) return;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(leafletSheet.replaceAll(/url\([^)]*\)/g, "none")); // its pictures are not used
    document.adoptedStyleSheets = [sheet, ...document.adoptedStyleSheets];
    this.#map = this.#drawn();
    this.#place();
    const list = document.getElementById(this.getAttribute("markers") ?? "");
    if (list?.parentElement) this.#observer.observe(list.parentElement, { childList: true, subtree: true, attributes: true });
  }

  disconnectedCallback(): void {
    this.#observer.disconnect();
    this.#map?.remove();
    this.#map = undefined;
  }

  #drawn(): L.Map {
    const map = L.map(this, {
      attributionControl: false, zoomControl: false, scrollWheelZoom: false, worldCopyJump: true,
      minZoom: 2, maxZoom: ZOOM_MAX, zoomSnap: 0.5, fadeAnimation: false,
    });
    L.control.zoom({ zoomInTitle: this.#said("zoom-in"), zoomOutTitle: this.#said("zoom-out") }).addTo(map);
    L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", this.#said("label"));
    this.#frame(map);
    this.#grid.addTo(map);
    this.#pins.addTo(map);
    map.on("zoomend moveend", () => this.#rule(map));
    map.on("zoomend", () => this.#place());
    map.on("focus", () => map.scrollWheelZoom.enable());
    map.on("blur", () => map.scrollWheelZoom.disable());
    this.#rule(map);
    this.#lay(map);
    return map;
  }

  #said(name: string): string {
    return this.getAttribute(name) ?? "";
  }

  #lay(map: L.Map): void {
    const tiles = this.getAttribute("tiles");
    if (tiles) {
      L.tileLayer(tiles, { maxZoom: ZOOM_MAX }).addTo(map);
      L.control.attribution({ prefix: false }).addAttribution(escaped(this.#said("attribution"))).addTo(map);
    } else {
      void this.#drawLand(map);
    }
  }

  async #drawLand(map: L.Map): Promise<void> {
    const response = await fetch(this.#said("land"));
    if (!response.ok) return;
    const world = (await response.json()) as Topology;
    const countries = world.objects["countries"];
    if (countries) L.geoJSON(feature(world, countries), { interactive: false, style: { className: "map-land", weight: 0.7 } }).addTo(map).bringToBack();
  }

  #sites(): Site[] {
    const list = document.getElementById(this.getAttribute("markers") ?? "");
    return [...(list?.querySelectorAll<HTMLElement>("li") ?? [])].map((item) => ({
      at: L.latLng(Number(item.dataset["latitude"]), Number(item.dataset["longitude"])),
      name: item.textContent?.trim() ?? "",
      url: item.querySelector("a")?.href ?? "",
      status: item.dataset["status"] ?? "unknown",
      evses: Number(item.dataset["evses"] ?? 0),
    }));
  }

  #frame(map: L.Map): void {
    const sites = this.#sites();
    if (sites.length === 0) map.setView([44, 12], 4);
    else map.fitBounds(L.latLngBounds(sites.map((site) => site.at)).pad(0.15), { maxZoom: 9, padding: [24, 24] });
  }

  /** Sites whose pins would overlap share one. */
  #place(): void {
    const map = this.#map;
    if (!map) return;
    this.#pins.clearLayers();
    const groups: Site[][] = [];
    for (const site of this.#sites()) {
      const point = map.latLngToLayerPoint(site.at);
      const near = groups.find((group) => map.latLngToLayerPoint(group[0]!.at).distanceTo(point) < PIN_PX);
      if (near) near.push(site);
      else groups.push([site]);
    }
    const taken: L.Bounds[] = groups.map((group) => boxAt(map, group, PIN_WIDTH_PX));
    groups.forEach((group, index) => {
      const box = boxAt(map, group, NAMED_PIN_WIDTH_PX);
      const named = taken.every((other, at) => at === index || !box.overlaps(other));
      if (named) taken[index] = box;
      this.#pins.addLayer(this.#pin(map, group, named));
    });
  }

  #pin(map: L.Map, group: Site[], named: boolean): L.Marker {
    const worst = [...group].sort((a, b) => URGENCY.indexOf(a.status) - URGENCY.indexOf(b.status))[0]!;
    const evses = group.reduce((sum, site) => sum + site.evses, 0);
    const link = document.createElement("a");
    link.className = "pin";
    link.dataset["status"] = worst.status;
    link.href = group.length === 1 ? worst.url : "/stations";
    link.title = group.map((site) => `${site.name} (${site.evses})`).join("\n");
    link.append(symbol(this.#said("sprite"), worst.status), text("b", String(evses)));
    if (named) link.append(text("span", group.length === 1 ? worst.name : `${worst.name} +${group.length - 1}`));
    if (group.length > 1) {
      link.addEventListener("click", (event) => {
        if (map.getZoom() >= ZOOM_MAX) return;
        event.preventDefault();
        map.fitBounds(L.latLngBounds(group.map((site) => site.at)).pad(0.3), { maxZoom: ZOOM_MAX });
      });
    }
    L.DomEvent.disableClickPropagation(link);
    const icon = L.divIcon({ html: link, className: "pin-place", iconSize: [0, 0] });
    return L.marker(group[0]!.at, { icon, interactive: false, keyboard: false });
  }

  /** Lines of whole degrees, or parts of them, about 120 px apart, with their names at the edge. */
  #rule(map: L.Map): void {
    this.#grid.clearLayers();
    const bounds = map.getBounds();
    const span = bounds.getEast() - bounds.getWest();
    const step = STEPS.findLast((candidate) => span / candidate <= map.getSize().x / 110) ?? 30;
    for (let east = Math.ceil(bounds.getWest() / step) * step; east < bounds.getEast(); east += step) {
      this.#line([[-85, east], [85, east]]);
      this.#degree([bounds.getSouth(), east], degrees(east, "E", "W", step), "pin-place degree-east");
    }
    for (let north = Math.ceil(bounds.getSouth() / step) * step; north < Math.min(bounds.getNorth(), 85); north += step) {
      this.#line([[north, -180], [north, 180]]);
      this.#degree([north, bounds.getWest()], degrees(north, "N", "S", step), "pin-place degree-north");
    }
  }

  #line(ends: [[number, number], [number, number]]): void {
    L.polyline(ends, { className: "map-grid", weight: 1, interactive: false }).addTo(this.#grid);
  }

  #degree(at: [number, number], name: string, className: string): void {
    const icon = L.divIcon({ html: text("span", name), className, iconSize: [0, 0] });
    L.marker(at, { icon, interactive: false, keyboard: false }).addTo(this.#grid);
  }
}

/** The place a pin takes on the screen. */
function boxAt(map: L.Map, group: Site[], width: number): L.Bounds {
  const half = L.point(width / 2, PIN_HEIGHT_PX / 2);
  const centre = map.latLngToLayerPoint(group[0]!.at);
  return L.bounds(centre.subtract(half), centre.add(half));
}

function degrees(value: number, positive: string, negative: string, step: number): string {
  const digits = step >= 1 ? 0 : step >= 0.1 ? 1 : 2;
  return `${Math.abs(value).toFixed(digits)}° ${value < 0 ? negative : positive}`;
}

function text(tag: string, content: string): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = content;
  return element;
}

function escaped(content: string): string {
  return text("i", content).innerHTML;
}

function symbol(sprite: string, name: string): SVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.setAttribute("class", "symbol");
  svg.append(use);
  return svg;
}

customElements.define("site-map", SiteMap);
