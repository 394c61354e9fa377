// Buttons with data-opens show a <dialog>; data-fill puts values into its form first.

/** What began after the page was made is no choice of its dialogs yet, but the live parts of the page know it. */
function addChoices(id: string, form: HTMLFormElement): void {
  for (const opener of document.querySelectorAll<HTMLElement>(`[data-opens="${CSS.escape(id)}"][data-fill]`)) {
    const number = opener.closest(".evse")?.querySelector(".evse-number")?.textContent ?? "";
    for (const [name, value] of Object.entries(JSON.parse(opener.dataset["fill"]!) as Record<string, string>)) {
      const field = form.elements.namedItem(name);
      if (!(field instanceof HTMLSelectElement)) continue;
      if (![...field.options].some((option) => option.value === value)) field.add(new Option(`EVSE ${number}`, value));
    }
  }
}

function open(button: HTMLElement): void {
  const dialog = document.getElementById(button.dataset["opens"] ?? "");
  if (!(dialog instanceof HTMLDialogElement)) return;
  const form = dialog.querySelector("form");
  form?.reset();
  if (form) addChoices(dialog.id, form);
  dialog.querySelector(".outcome")?.replaceChildren();
  const values = JSON.parse(button.dataset["fill"] ?? "{}") as Record<string, string>;
  for (const [name, value] of Object.entries(values)) {
    const field = form?.elements.namedItem(name);
    if (field instanceof HTMLSelectElement || field instanceof HTMLInputElement) field.value = value;
  }
  dialog.showModal();
}

export function listenForDialogs(): void {
  let pressed: EventTarget | null = null; // a selection that is drawn out of a dialog ends outside of it
  document.addEventListener("pointerdown", (event) => (pressed = event.target));
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const opener = event.target.closest<HTMLElement>("[data-opens]");
    if (opener) open(opener);
    if (event.target.closest("[data-closes]") || (event.target instanceof HTMLDialogElement && pressed === event.target)) {
      event.target.closest("dialog")?.close();
    }
  });
  document.addEventListener("focusin", (event) => {
    if (event.target instanceof HTMLInputElement && "selects" in event.target.dataset) event.target.select();
  });
}
