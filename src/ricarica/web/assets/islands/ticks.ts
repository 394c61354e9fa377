// Keeps "3 min ago" and running times true between refreshes. The server wrote them first, in the same words.

const EVERY_MS = 15_000;
const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

const relative = new Intl.RelativeTimeFormat(document.documentElement.lang, { style: "short" });

function ago(seconds: number): string {
  const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? ["second", 1];
  return relative.format(-Math.floor(seconds / length), unit);
}

function duration(seconds: number): string {
  const hours = Math.floor(seconds / 3_600);
  const minutes = Math.floor(seconds / 60) % 60;
  if (hours) return `${hours} h ${String(minutes).padStart(2, "0")} min`;
  return minutes ? `${minutes} min` : `${Math.floor(seconds)} s`;
}

function tick(): void {
  if (document.hidden) return;
  for (const element of document.querySelectorAll<HTMLTimeElement>("time[data-tick]")) {
    const seconds = Math.max(0, (Date.now() - Date.parse(element.dateTime)) / 1_000);
    element.textContent = element.dataset["tick"] === "ago" ? ago(seconds) : duration(seconds);
  }
}

export function startTicking(): void {
  window.setInterval(tick, EVERY_MS);
}
