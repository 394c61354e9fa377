// What every page loads. Charts and the map are fetched only where a page has one.
import htmx from "htmx.org";

import { listenForDialogs } from "./dialogs";
import { listenForKeys } from "./keyboard";
import { startStream } from "./live";
import { listenForItems } from "./schema-form";
import { listenForSending } from "./sending";
import { startTicking } from "./ticks";
import { listenForTrouble } from "./trouble";

function loadIslands(): void {
  if (document.querySelector("time-chart")) void import("./time-chart");
  if (document.querySelector("site-map")) void import("./site-map");
}

document.documentElement.dataset["script"] = "on";
loadIslands();
listenForDialogs();
listenForKeys();
listenForItems();
listenForSending();
listenForTrouble();
startTicking();
startStream(htmx);
document.addEventListener("htmx:after:swap", loadIslands);
