// Keeps the page of a dispatch up to date: hears that something changed, fetches the page
// again, and takes over the parts that differ. Without it the page says all the same.

import { follow } from "./news.js";

const main = document.getElementById("dispatch");
const lost = document.getElementById("lost");
const spoken = document.getElementById("spoken");
let version = 1;
let given = parts(main);

function parts(root) {
  return new Map([...root.children].map((part, place) => [part.id || String(place), part.outerHTML]));
}

// Replaces what differs, and nothing else: whoever reads or selects there is not disturbed.
function takeOver(page) {
  const there = page.getElementById("dispatch");
  const coming = parts(there);
  const isSameOrder = [...coming.keys()].join() === [...given.keys()].join();
  if (!isSameOrder) main.replaceChildren(...there.cloneNode(true).childNodes);
  else for (const [id, html] of coming) {
    if (given.get(id) !== html) replace(id, there);
  }
  given = coming;
  document.title = page.title;
  const told = page.getElementById("spoken").textContent;
  if (spoken.textContent !== told) spoken.textContent = told;
}

function replace(id, there) {
  const here = document.getElementById(id);
  const next = there.querySelector(`#${CSS.escape(id)}`);
  const index = [...here.querySelectorAll("a")].indexOf(document.activeElement);
  here.replaceWith(next);
  next.querySelectorAll("a")[index]?.focus({ preventScroll: true });
}

async function refresh(number) {
  const answer = await fetch(location.href, { cache: "no-store" }).catch(() => null);
  if (!answer || !answer.ok) return markLost(true);
  takeOver(new DOMParser().parseFromString(await answer.text(), "text/html"));
  version = number;
  markLost(false);
}

function markLost(isLost) {
  lost.hidden = !isLost;
  main.classList.toggle("old", isLost);
}

follow({ version: () => version, changed: refresh, lost: () => markLost(true), path: "dispatches/" });
