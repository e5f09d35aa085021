// A finding leads to the place it speaks of: in the mail by a press, in the file by copying.

import { find } from "./find.js";
import { shownFrame } from "./frame.js";

const MARK_MILLISECONDS = 2600;
const device = document.querySelector(".device");
const said = document.getElementById("said");
const back = document.getElementById("back");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let pressed = null;

// Another view has no mark to come back from.
export function forgetWay() { back.hidden = true; }

export function say(words) { said.textContent = words; }

function mark(host, box) {
  for (const old of document.querySelectorAll(".mark")) old.remove();
  const line = document.createElement("div");
  line.className = "mark";
  Object.assign(line.style, {
    left: `${box.left - 5}px`, top: `${box.top - 4}px`,
    width: `${box.width + 10}px`, height: `${box.height + 8}px`,
  });
  host.append(line);
  setTimeout(() => line.remove(), MARK_MILLISECONDS);
}

function scrollTo(top) {
  window.scrollTo({ top: Math.max(0, top), behavior: calm.matches ? "auto" : "smooth" });
}

function showInInbox(kind) {
  const line = document.querySelector(`.inbox .${kind}`);
  if (!line) return false;
  const host = line.closest(".inbox");
  const outer = host.getBoundingClientRect();
  const inner = line.getBoundingClientRect();
  mark(host, {
    left: inner.left - outer.left, top: inner.top - outer.top,
    width: inner.width, height: inner.height,
  });
  scrollTo(window.scrollY + outer.top - 120);
  return true;
}

function showInMail(landmark) {
  const frame = shownFrame();
  const box = frame && frame.contentDocument && find(frame.contentDocument, landmark);
  if (!box) return false;
  mark(device, box);
  const top = frame.getBoundingClientRect().top + window.scrollY;
  scrollTo(top + box.top - window.innerHeight * 0.3);
  return true;
}

// Shows a landmark; *elsewhere* brings up a view that surely has it.
async function go(button, { elsewhere, towards }) {
  await towards(button.dataset.for);
  const { kind, words, nth, picture } = button.dataset;
  const landmark = { kind, words, nth: Number(nth), picture };
  const isInbox = kind === "subject" || kind === "preheader";
  const show = () => (isInbox ? showInInbox(kind) : showInMail(landmark));
  const isShown = show() || ((await elsewhere()) && show());
  say(isShown ? `Shown: ${words || kind}` : "This place cannot be seen in the mail.");
  if (!isShown) return;
  pressed = button.id;
  back.hidden = false;
}

// The clipboard may be refused: then an older way, then the words are marked to be copied.
async function copy(button) {
  const { place } = button.dataset;
  const isCopied = (await copyByClipboard(place)) || copyByHand(place);
  const code = button.previousElementSibling;
  if (!isCopied) getSelection().selectAllChildren(code);
  button.textContent = isCopied ? "Copied" : "Press Ctrl+C";
  say(isCopied ? `Copied ${place}` : "Press Ctrl+C to copy");
  setTimeout(() => { button.textContent = "Copy"; }, MARK_MILLISECONDS);
}

async function copyByClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

function copyByHand(text) {
  const field = document.createElement("textarea");
  const focused = document.activeElement;
  field.value = text;
  field.className = "unseen";
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  focused.focus();
  return isCopied;
}

export function watchFindings(ways) {
  document.getElementById("notes").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.classList.contains("go")) go(button, ways);
    if (button.classList.contains("copy")) copy(button);
  });
  back.addEventListener("click", (event) => {
    const button = document.getElementById(pressed);
    back.hidden = true;
    if (!button) return;
    event.preventDefault();
    button.focus();
    button.scrollIntoView({ block: "center" });
  });
}
