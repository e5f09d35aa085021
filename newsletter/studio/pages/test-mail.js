// The form for a test mail. Each press has a number of its own: whatever is pressed twice
// is sent once.

import { query } from "./address.js";

const dialog = document.getElementById("test");
const form = document.getElementById("test-form");
const to = document.getElementById("test-to");
const send = document.getElementById("test-send");
const outcome = document.getElementById("test-outcome");
const told = document.getElementById("test-told");
const tested = document.getElementById("tested");
const recipient = document.getElementById("recipient");

const FAULT = { title: "Something went wrong; the terminal says what.", advice: "", lines: [] };
const STOPPED = {
  title: "The preview has stopped. Start it again in the terminal.",
  advice: "The test may have been sent: look for it before you send it again.",
  lines: [],
};

async function tellLastTest() {
  const answer = await fetch("tested", { cache: "no-store" }).catch(() => null);
  tested.textContent = answer && answer.ok ? await answer.text() : "";
}

function open() {
  if (!send.disabled && !told.textContent) outcome.replaceChildren();
  told.textContent = "";
  tested.textContent = "";
  const option = recipient.selectedOptions[0];
  document.getElementById("test-as").textContent = option ? option.text : "nobody";
  dialog.showModal();
  tellLastTest();
}

function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

function show({ title, advice, lines }) {
  const list = document.createElement("ul");
  for (const { what, told, isGood } of lines) {
    const line = element("li", "", isGood ? "good" : "bad");
    line.append(element("b", what), ` ${told}`);
    list.append(line);
  }
  outcome.replaceChildren(element("p", title, "outcome-title"));
  if (advice) outcome.append(element("p", advice));
  if (lines.length) outcome.append(list);
}

async function submit(event) {
  event.preventDefault();
  if (send.disabled) return;
  send.disabled = true;
  send.classList.add("busy");
  outcome.replaceChildren(element("p", "On its way…"));
  const asked = {
    press: crypto.randomUUID(),
    to: to.value.split(/[\n,;]+/),
    mark: document.getElementById("test-mark").checked,
  };
  const answer = await fetch(`test${query()}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(asked),
  }).catch(() => null);
  send.disabled = !answer;
  send.classList.remove("busy");
  if (!answer || !answer.ok) {
    show(answer ? FAULT : STOPPED);
    return;
  }
  const came = await answer.json();
  show(came);
  // Who closed the form meanwhile is told beside its button.
  if (!dialog.open) told.textContent = came.title;
  tellLastTest();
}

document.getElementById("test-open").addEventListener("click", open);
document.getElementById("test-close").addEventListener("click", () => dialog.close());
form.addEventListener("submit", submit);
