// A form is sent once, however often its button is pressed until the answer comes. The server sees to it too (`web/once.py`);
// this spares whoever presses twice the wait for a second answer. Forms of htmx drop a second press themselves.

const GIVEN_UP_MS = 10_000; // whoever stopped the page from loading may send it again

const sentAt = new WeakMap<HTMLFormElement, number>();

export function listenForSending(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.method !== "post" || form.hasAttribute("hx-post") || event.defaultPrevented) return;
    if (performance.now() - (sentAt.get(form) ?? -GIVEN_UP_MS) < GIVEN_UP_MS) return event.preventDefault();
    sentAt.set(form, performance.now());
    form.setAttribute("aria-busy", "true");
  });
  // Who comes back finds the page as it was left.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll<HTMLFormElement>("form[aria-busy]")) {
      form.removeAttribute("aria-busy");
      sentAt.delete(form);
    }
  });
}
