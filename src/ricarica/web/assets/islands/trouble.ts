// When a request fails, one line says so until the next one succeeds. A session that ended leads to the login
// where nothing was typed.

function alertLine(): HTMLElement | null {
  return document.querySelector<HTMLElement>(".alert");
}

function complain(text: string | undefined): void {
  const line = alertLine();
  if (!line) return;
  line.textContent = text ?? "";
  line.hidden = false;
}

let isTyped = false;

/** To the login, unless that would throw away what somebody typed. */
export function sessionEnded(): void {
  if (isTyped) complain(alertLine()?.dataset["ended"]);
  else location.reload();
}

export function listenForTrouble(): void {
  document.addEventListener("input", (event) => {
    if (event.target instanceof Element && event.target.closest("form[method=post]")) isTyped = true;
  });
  document.addEventListener("htmx:response:error", (event) => {
    const status = (event as CustomEvent<{ ctx?: { response?: { status: number } } }>).detail?.ctx?.response?.status ?? 0;
    if (status === 401) sessionEnded();
    else complain(status >= 500 ? alertLine()?.dataset["offline"] : `${alertLine()?.dataset["refused"]} (${status})`);
  });
  document.addEventListener("htmx:error", () => complain(alertLine()?.dataset["offline"]));
  document.addEventListener("htmx:after:swap", () => alertLine()?.setAttribute("hidden", ""));
}
