// `/` finds, `g` and a letter goes to a section, `j` and `k` walk through rows, `?` lists all this.

const GO_MS = 1_500; // how long `g` waits for its letter

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, select, textarea, [contenteditable]");
}

/** The page's own search field, if it has one, else the one that is always there. */
function find(): void {
  const fields = [...document.querySelectorAll<HTMLInputElement>('[data-key="/"]')].filter((field) => field.checkVisibility());
  const field = fields.find((candidate) => candidate.closest("main")) ?? fields[0];
  field?.focus();
  field?.select();
}

function walk(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>("main [data-row]")].filter((row) => row.checkVisibility());
  const at = rows.findIndex((row) => row === document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1);
  rows[next]?.focus();
  rows[next]?.scrollIntoView({ block: "nearest" });
}

function go(letter: string): void {
  document.querySelector<HTMLAnchorElement>(`.rail [data-go="${CSS.escape(letter)}"]`)?.click();
}

export function listenForKeys(): void {
  let goUntil = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (isTyping(event.target)) {
      if (event.key === "Escape") (event.target as HTMLElement).blur();
      return;
    }
    if (document.querySelector("dialog[open]")) return;
    if (performance.now() < goUntil) {
      goUntil = 0;
      return go(event.key);
    }
    const actions: Record<string, () => void> = {
      "/": find,
      j: () => walk(1),
      k: () => walk(-1),
      g: () => (goUntil = performance.now() + GO_MS),
      "?": () => document.querySelector<HTMLDialogElement>("#shortcuts")?.showModal(),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
