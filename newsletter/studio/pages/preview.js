// The preview follows the file: it hears of a new version, fetches the page again, and
// takes over what changed. Without this script the page shows the mail as it was when it
// was opened.

import { chosen, keepAddress, query } from "./address.js";
import { forgetWay, say, watchFindings } from "./findings.js";
import { markOld, showFrame } from "./frame.js";
import { follow } from "./news.js";
import { watchOther } from "./recipient.js";
import "./test-mail.js";

const LIVE = ["inbox", "caption", "banner", "notes", "facts", "made", "recipient"];
const views = document.getElementById("views");
const list = document.getElementById("view");
const recipient = document.getElementById("recipient");
const dark = document.getElementById("dark");
const stage = document.getElementById("stage");
const status = document.getElementById("status");
let version = Number(document.body.dataset.version);
let turn = 0;

// --- what is looked at ---

const radios = () => [...views.elements.view];
const radio = () => radios().find((one) => one.value === chosen.view) || radios()[0];

function showMail() {
  const { kind } = radio().dataset;
  const isDark = chosen.dark && "dark" in radio().dataset;
  return showFrame(`frame${query({ v: version })}`, {
    title: `The mail: ${radio().nextElementSibling.textContent}`,
    view: chosen.view,
    tone: isDark ? "dark" : kind,
  });
}

function reflect() {
  radio().checked = true;
  list.value = chosen.view;
  dark.checked = chosen.dark;
  document.getElementById("dark-switch").hidden = !("dark" in radio().dataset);
}

async function choose(changes) {
  if (views.elements.view[0].disabled) return false;
  Object.assign(chosen, changes);
  forgetWay();
  reflect();
  keepAddress();
  const [isShown] = await Promise.all([showMail(), refresh()]);
  return isShown;
}

// --- news ---

// What the page was given last, by id: what was opened since is no difference.
const given = new Map(LIVE.map((id) => [id, document.getElementById(id).innerHTML]));

// Replaces what differs, and nothing else: whoever reads or types there is not disturbed.
function takeOver(page) {
  const focused = document.activeElement && document.activeElement.id;
  for (const id of LIVE) {
    const there = page.getElementById(id);
    if (given.get(id) === there.innerHTML) continue;
    given.set(id, there.innerHTML);
    replace(document.getElementById(id), there);
  }
  const told = page.getElementById("status");
  status.className = told.className;
  if (status.textContent !== told.textContent) status.textContent = told.textContent;
  if (focused && document.activeElement === document.body) {
    const again = document.getElementById(focused);
    if (again) again.focus({ preventScroll: true });
  }
}

function replace(here, there) {
  const open = [...here.querySelectorAll("details[open]")].map((one) => one.id);
  here.replaceChildren(...there.childNodes);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  // Options that are moved from one list to another forget which was selected.
  const selected = here.querySelector("option[selected]");
  if (selected) here.value = selected.value;
}

// Returns whether there is a mail to show.
async function refresh() {
  const mine = ++turn;
  const answer = await fetch(`./${query()}`, { cache: "no-store" }).catch(() => null);
  if (!answer || !answer.ok) {
    if (!answer) markStopped(true);
    else status.textContent = "Something went wrong; the terminal says what.";
    return false;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (mine !== turn) return false;
  takeOver(page);
  const there = page.getElementById("stage");
  stage.hidden = there.hidden;
  markOld(there.classList.contains("old"));
  document.title = page.title;
  version = Number(page.body.dataset.version);
  markStopped(false);
  return !stage.hidden;
}

follow({
  version: () => version,
  // The mail itself is what is waited for: it does not wait for the page around it.
  changed: (number) => {
    version = number;
    return Promise.all([showMail(), refresh()]);
  },
  lost: () => markStopped(true),
});

// What would ask the preview for something is at rest while there is none.
function markStopped(isStopped) {
  for (const one of document.querySelectorAll("#views input, .bar :is(select, input, button)")) {
    one.disabled = isStopped;
  }
  for (const id of ["test-open", "test-send"]) {
    const button = document.getElementById(id);
    if (!button.classList.contains("busy")) button.disabled = isStopped;
  }
  if (!isStopped) return;
  markOld(true);
  status.className = "status error";
  status.textContent = "The preview has stopped. Start it again in the terminal.";
}

// --- controls ---

views.addEventListener("change", (event) => choose({ view: event.target.value }));
list.addEventListener("change", () => choose({ view: list.value }));
recipient.addEventListener("change", () => choose({ recipient: recipient.value }));
dark.addEventListener("change", () => choose({ dark: dark.checked }));
watchOther((key) => choose({ recipient: key }));

document.addEventListener("keydown", async (event) => {
  if (event.key !== "F9" || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  const all = radios();
  const next = all[(all.indexOf(radio()) + (event.shiftKey ? -1 : 1) + all.length) % all.length];
  await choose({ view: next.value });
  say(next.nextElementSibling.textContent);
});

watchFindings({
  // A place that this view does not show is looked for in the plain mail.
  elsewhere: async () => chosen.view !== "desktop" && choose({ view: "desktop", dark: false }),
  // What is said of one reader is shown in the mail of that reader.
  towards: async (key) => !key || key === recipient.value || choose({ recipient: key }),
});
chosen.view = radio().value;
reflect();
