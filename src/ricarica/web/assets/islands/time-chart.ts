// <time-chart series="…json…" zone="Europe/Rome" label="…">: curves over time. A new `series` attribute redraws it.
import uPlot from "uplot";
import uplotSheet from "uplot/dist/uPlot.min.css";

import chartSheet from "./time-chart.css";

interface Curve {
  measure: "power" | "energy" | "soc" | "limit" | "told";
  label: string;
  unit: string;
  values: (number | null)[];
}

interface Series {
  times: number[];
  curves: Curve[];
}

const COLOURS = { power: "--current", energy: "--ink-soft", soc: "--status-reserved", limit: "--ink-faint", told: "--current" } as const;
const sheets = [uplotSheet, chartSheet].map((text) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
});

class TimeChart extends HTMLElement {
  static observedAttributes = ["series"];
  #plot: uPlot | undefined;
  #probe = document.createElement("i");
  #stage = document.createElement("div");
  #dark = matchMedia("(prefers-color-scheme: dark)");
  #resize = new ResizeObserver(() => this.#fit());
  #redraw = (): void => this.#draw();

  connectedCallback(): void {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = sheets;
    root.replaceChildren(this.#probe, this.#stage);
    this.#stage.setAttribute("role", "img");
    this.#dark.addEventListener("change", this.#redraw);
    this.#draw();
    this.#resize.observe(this);
  }

  disconnectedCallback(): void {
    this.#resize.disconnect();
    this.#dark.removeEventListener("change", this.#redraw);
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  attributeChangedCallback(_name: string, before: string | null, after: string | null): void {
    if (!this.isConnected || !this.#stage.isConnected || before === after) return;
    const series = this.#series();
    if (this.#plot && series.curves.length === this.#plot.series.length - 1) this.#plot.setData(aligned(series));
    else this.#draw();
    this.#describe(series);
  }

  #series(): Series {
    return JSON.parse(this.getAttribute("series") ?? '{"times":[],"curves":[]}') as Series;
  }

  /** The canvas needs a colour itself, not the name of one. */
  #colour(token: string): string {
    this.#probe.style.color = `var(${token})`;
    return getComputedStyle(this.#probe).color;
  }

  #size(): { width: number; height: number } {
    const legend = this.#stage.querySelector<HTMLElement>(".u-legend")?.offsetHeight ?? 28;
    return { width: Math.max(this.clientWidth, 120), height: Math.max(this.clientHeight - legend, 80) };
  }

  #fit(): void {
    const size = this.#size();
    if (this.#plot && (size.width !== this.#plot.width || size.height !== this.#plot.height)) this.#plot.setSize(size);
  }

  #describe(series: Series): void {
    const last = series.curves.map((curve) => {
      const value = curve.values.findLast((candidate) => candidate !== null);
      return `${curve.label} ${written(value)} ${curve.unit}`;
    });
    this.#stage.setAttribute("aria-label", `${this.getAttribute("label")}: ${last.join(", ")}`);
  }

  #draw(): void {
    const series = this.#series();
    this.#plot?.destroy();
    this.#plot = new uPlot(this.#options(series), aligned(series), this.#stage);
    this.#describe(series);
    this.#fit();
    requestAnimationFrame(() => this.#fit()); // the legend has its lines only once the plot has its width
  }

  #options(series: Series): uPlot.Options {
    const zone = this.getAttribute("zone") ?? "UTC";
    const units = [...new Set(series.curves.map((curve) => curve.unit))];
    return {
      ...this.#size(),
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), zone),
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      legend: { live: true, markers: { width: 0 } },
      padding: [8, 4, 0, 0],
      scales: Object.fromEntries(units.map((unit) => [unit, { range: rangeOf(unit) }])),
      series: [{ label: "", value: (_plot, at) => (at ? clock(at, zone) : "") }, ...series.curves.map((curve) => this.#curve(curve))],
      axes: [this.#timeAxis(zone), ...units.filter((unit) => unit !== "%").map((unit, at) => this.#axis(unit, at))],
    };
  }

  #curve(curve: Curve): uPlot.Series {
    const colour = this.#colour(COLOURS[curve.measure]);
    return {
      label: curve.label,
      scale: curve.unit,
      stroke: colour,
      width: curve.measure === "power" ? 1.75 : 1.25,
      ...(curve.measure === "power" ? { fill: this.#colour("--current-wash") } : {}),
      ...(curve.measure === "soc" || curve.measure === "limit" ? { dash: [5, 4] } : {}),
      ...(curve.measure === "limit" || curve.measure === "told" ? { paths: uPlot.paths.stepped!({ align: 1 }) } : {}),
      points: { show: false },
      spanGaps: curve.measure !== "power",
      value: (plot, value, at) => `${written(value ?? (plot.cursor.idx == null ? latest(plot, at) : null))} ${curve.unit}`,
    };
  }

  #lines(): Pick<uPlot.Axis, "stroke" | "font" | "grid" | "ticks"> {
    const face = getComputedStyle(this).fontFamily;
    return {
      stroke: this.#colour("--ink-faint"),
      font: `12px ${face}`,
      grid: { stroke: this.#colour("--hairline"), width: 1 },
      ticks: { show: false },
    };
  }

  #timeAxis(zone: string): uPlot.Axis {
    return { ...this.#lines(), grid: { show: false }, space: 72, size: 26, gap: 6, values: (_plot, ticks, _axis, _space, step) => ticks.map((at) => clock(at, zone, step < 60)) };
  }

  #axis(unit: string, at: number): uPlot.Axis {
    const first = at === 0;
    return {
      ...this.#lines(),
      ...(first ? {} : { grid: { show: false } }),
      scale: unit,
      side: first ? 3 : 1,
      size: 56,
      gap: 6,
      space: 34,
      values: (_plot, ticks) => ticks.map((tick, index) => (index === ticks.length - 1 ? `${written(tick)} ${unit}` : written(tick))),
    };
  }
}

function aligned(series: Series): uPlot.AlignedData {
  return [series.times, ...series.curves.map((curve) => curve.values)];
}

function rangeOf(unit: string): uPlot.Range.Function {
  return (_plot, _low, high) => (unit === "%" ? [0, 100] : [0, Math.max((high ?? 0) * 1.08, 1)]);
}

function latest(plot: uPlot, at: number): number | null | undefined {
  return (plot.data[at] as (number | null)[] | undefined)?.findLast((value) => value !== null);
}

function written(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  const digits = Math.abs(value) >= 100 ? 0 : 1;
  return new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: digits }).format(value);
}

function clock(seconds: number, zone: string, isShort = false): string {
  return new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", ...(isShort ? { second: "2-digit" } : {}), timeZone: zone }).format(seconds * 1_000);
}

customElements.define("time-chart", TimeChart);
