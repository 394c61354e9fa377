// Lists in forms that are drawn from a schema: items are added from a template, and removed.

let added = 0; // no two items ever have the same place in a name

function update(repeat: HTMLElement): void {
  const items = repeat.querySelector<HTMLElement>(":scope > [data-items]");
  const button = repeat.querySelector<HTMLButtonElement>(":scope > [data-add]");
  const count = items?.childElementCount ?? 0;
  const most = Number(repeat.dataset["most"] ?? Number.POSITIVE_INFINITY);
  if (button) button.hidden = count >= most;
  const least = Number(repeat.dataset["least"] ?? 0);
  for (const item of items?.children ?? []) {
    const remove = item.querySelector<HTMLButtonElement>(":scope > [data-remove]");
    if (remove) remove.hidden = count <= least;
  }
}

function add(repeat: HTMLElement): HTMLElement | null {
  const template = repeat.querySelector<HTMLTemplateElement>(":scope > template");
  const items = repeat.querySelector<HTMLElement>(":scope > [data-items]");
  if (!template || !items) return null;
  const token = repeat.dataset["repeat"];
  const text = token ? template.innerHTML.replaceAll(token, String(added++)) : template.innerHTML;
  items.insertAdjacentHTML("beforeend", text);
  const item = items.lastElementChild as HTMLElement | null;
  if (item) begin(item);
  update(repeat);
  return item;
}

/** Every list begins with as many items as it has to have. */
export function begin(within: ParentNode): void {
  for (const repeat of within.querySelectorAll<HTMLElement>("[data-repeat]")) {
    const items = repeat.querySelector<HTMLElement>(":scope > [data-items]");
    const least = Number(repeat.dataset["least"] ?? 0);
    while (items && items.childElementCount < least) if (!add(repeat)) break;
    update(repeat);
  }
}

/** Of parts that belong to one choice each, only that of the choice made is shown. */
function showChosen(select: HTMLSelectElement): void {
  for (const part of select.form?.querySelectorAll<HTMLElement>("[data-for]") ?? []) {
    part.hidden = part.dataset["for"] !== select.value;
  }
}

export function listenForItems(): void {
  begin(document);
  for (const select of document.querySelectorAll<HTMLSelectElement>(".bulk-form select[name=command]")) {
    showChosen(select);
    select.addEventListener("change", () => showChosen(select));
  }
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const adds = event.target.closest("[data-add]")?.closest<HTMLElement>("[data-repeat]");
    if (adds) add(adds)?.querySelector<HTMLElement>("input, select, textarea, button")?.focus();
    const item = event.target.closest("[data-remove]")?.closest<HTMLElement>("[data-item]");
    const repeat = item?.parentElement?.closest<HTMLElement>("[data-repeat]");
    item?.remove();
    if (repeat) {
      update(repeat);
      repeat.querySelector<HTMLElement>(":scope > [data-add]")?.focus();
    }
  });
}
