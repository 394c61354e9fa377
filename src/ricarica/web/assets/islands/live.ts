// One stream of small events per page. It says what changed, never how: the parts of the page that show it are asked for
// again as HTML. However fast events come, a part is asked for at most once per second.
import type { Htmx } from "htmx.org";

import { sessionEnded } from "./trouble";

interface Change {
  id?: string;
  station?: string;
}

const GATHER_MS = 500; // events of one batch arrive together
const REST_MS = 1_000; // a part rests this long after it was asked for
const CALM_MS = 15_000; // a curve of hours needs no more
const READ_MS = 10_000; // so long an answer is read
const AGAIN_MS = 5_000; // until a stream that was refused is asked for again
const KINDS = ["overview", "station", "transaction", "messages", "pending", "firmware", "logs", "network", "events", "stream", "settings"] as const;
type Kind = (typeof KINDS)[number];

/** The topics an event touches, as elements name them in `data-live`. */
function topicsOf(kind: Kind, change: Change): string[] {
  switch (kind) {
    case "station":
      return [`station:${change.id}`];
    case "transaction":
      return [`transaction:${change.id}`, `station:${change.station}`];
    case "messages":
      return [`messages:${change.station}`];
    case "stream":
      return [`streams:${change.station}`];
    case "settings":
      return [`settings:${change.station}`];
    default:
      return [kind];
  }
}

const stale = new Set<HTMLElement>();
const restingUntil = new WeakMap<HTMLElement, number>();
const shownSince = new WeakMap<Element, number>();
let timer: number | undefined;

function topicsShown(part: HTMLElement): string[] {
  return (part.dataset["live"] ?? "").split(" ").map(decodeURIComponent);
}

function mark(topics: string[] | "all"): void {
  for (const part of document.querySelectorAll<HTMLElement>("[data-live]")) {
    if (topics === "all" || topicsShown(part).some((topic) => topics.includes(topic))) stale.add(part);
  }
  plan();
}

function plan(): void {
  if (stale.size > 0 && timer === undefined) timer = window.setTimeout(refresh, GATHER_MS);
}

/** Whoever fills in a form of this part is not to lose what was typed, nor an answer before it was read. */
function isInUse(part: HTMLElement, now: number): boolean {
  if (part.querySelector("details[open] > form, form :is(input, select, textarea):focus")) return true;
  const answer = part.querySelector('.verdict[role="status"]');
  if (!answer) return false;
  if (!shownSince.has(answer)) shownSince.set(answer, now);
  return now - shownSince.get(answer)! < READ_MS;
}

/** Ask for what is stale and may be asked for. A page that nobody looks at waits. */
function refresh(): void {
  timer = undefined;
  if (document.hidden) return;
  const now = performance.now();
  const due = [...stale].filter((part) => (restingUntil.get(part) ?? 0) <= now && !isInUse(part, now));
  for (const part of due) {
    stale.delete(part);
    restingUntil.set(part, now + ("calm" in part.dataset ? CALM_MS : REST_MS));
  }
  const shown = due.filter((part) => part.isConnected);
  for (const part of shown.filter((part) => !part.dataset["rows"])) part.dispatchEvent(new Event("refresh"));
  void refreshRows(shown.filter((part) => part.dataset["rows"]));
  plan();
}

let htmx: Htmx;

/** Rows of a list are asked for together: /fragments/stations/rows?id=A&id=B. */
async function refreshRows(rows: HTMLElement[]): Promise<void> {
  for (const [url, group] of Object.entries(Object.groupBy(rows, (row) => row.dataset["rows"]!))) {
    const query = new URLSearchParams(group!.map((row) => ["id", row.dataset["id"] ?? ""]));
    const response = await fetch(`${url}?${query}`, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (!response?.ok) continue;
    const template = document.createElement("template");
    template.innerHTML = await response.text();
    for (const row of group!) {
      const fresh = template.content.querySelector(`[id="${CSS.escape(row.id)}"]`);
      if (fresh && row.isConnected) void htmx.swap({ text: fresh.outerHTML, target: row, swap: "outerMorph" });
    }
  }
}

function show(state: "waiting" | "open" | "lost"): void {
  for (const sign of document.querySelectorAll<HTMLElement>(".live")) sign.dataset["state"] = state;
}

let source: EventSource | undefined;
let wasLost = document.hidden; // whatever happens until it is looked at is not told

function listen(url: string): void {
  source = new EventSource(url);
  source.addEventListener("open", () => {
    show("open");
    if (wasLost) mark("all"); // whatever happened meanwhile was not told
    wasLost = false;
  });
  source.addEventListener("error", () => {
    wasLost = true;
    show("lost");
    if (source?.readyState === EventSource.CLOSED) window.setTimeout(() => void listenAgain(url), AGAIN_MS);
  });
  for (const kind of KINDS) {
    source.addEventListener(kind, (event) => mark(topicsOf(kind, JSON.parse(event.data || "{}") as Change)));
  }
}

/** After an answer that was no stream; browsers then give up. The page stays, for somebody may have typed into it. */
async function listenAgain(url: string): Promise<void> {
  if (document.hidden || source?.readyState !== EventSource.CLOSED) return; // it listens anew when it is looked at
  const asking = new AbortController();
  const answer = await fetch(url, { signal: asking.signal }).catch(() => null);
  asking.abort();
  if (answer?.status === 401) sessionEnded();
  else if (!document.hidden) listen(url);
}

function hangUp(): void {
  source?.close();
  source = undefined;
  wasLost = true;
}

export function startStream(library: Htmx): void {
  htmx = library;
  const url = document.body.dataset["stream"];
  if (!url) return;
  if (!document.hidden) listen(url);
  // Browsers keep no more than six connections to a server: tabs that nobody looks at must not hold one each.
  document.addEventListener("visibilitychange", () => (document.hidden ? hangUp() : listen(url)));
  window.addEventListener("pagehide", hangUp);
}
