// The preview follows the file: it hears of a new version, fetches the page again, takes
// over what changed, and swaps the frame once the new mail is laid out, so that nothing
// flickers and the page stays where it was scrolled to. Without this script the page
// shows the mail as it was when it was opened.
"use strict";

const LIVE = ["inbox", "banner", "notes", "facts", "made", "status"];
const POLL_MILLISECONDS = 2000;
const form = document.querySelector(".views");
const stage = document.getElementById("stage");
const device = stage.querySelector(".device");
const status = document.getElementById("status");
let version = Number(document.body.dataset.version);
let stream = null;
let timer = 0;
let width = 0;

// --- the frame ---

const viewed = () => new FormData(form).get("view");
const isDark = () => new FormData(form).has("dark");

function frameAddress() {
  const page = viewed() === "text" ? "/text" : "/mail";
  return `${page}?v=${version}${isDark() ? "&dark=1" : ""}`;
}

// Makes a frame as high as its mail, so that the page scrolls as one and stays where it is.
function fit(frame, change = () => {}) {
  const { scrollX, scrollY } = window;
  change();
  const mail = frame.contentDocument;
  if (!mail || !mail.body) return;
  frame.style.height = "0";
  const height = Math.max(mail.documentElement.offsetHeight, mail.body.scrollHeight);
  frame.style.height = `${height}px`;
  window.scrollTo(scrollX, scrollY);
}

function showFrame() {
  const next = document.createElement("iframe");
  next.title = "The mail";
  next.setAttribute("sandbox", "allow-same-origin allow-popups allow-popups-to-escape-sandbox");
  next.className = isDark() ? "coming dark" : "coming";
  next.src = frameAddress();
  next.addEventListener("load", () => {
    fit(next, () => {
      while (next.previousElementSibling) next.previousElementSibling.remove();
      next.classList.remove("coming");
    });
  });
  device.append(next);
}

function changeView() {
  stage.classList.toggle("phone", viewed() === "phone");
  stage.classList.toggle("text", viewed() === "text");
  showFrame();
}

// --- news ---

async function refresh() {
  const answer = await fetch("/", { cache: "no-store" });
  if (!answer.ok) {
    status.textContent = "Something went wrong; the terminal says what.";
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of LIVE) {
    document.getElementById(id).replaceChildren(...page.getElementById(id).childNodes);
  }
  const there = page.getElementById("stage");
  stage.hidden = there.hidden;
  stage.classList.toggle("old", there.classList.contains("old"));
  document.title = page.title;
  version = Number(page.body.dataset.version);
  if (!stage.hidden) showFrame();
}

function listen() {
  stream = new EventSource(`/events?seen=${version}`);
  stream.addEventListener("changed", refresh);
  stream.addEventListener("open", () => {
    if (status.dataset.lost) { delete status.dataset.lost; refresh(); }
  });
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) return poll();
    status.dataset.lost = "yes";
    status.textContent = "The preview has stopped. Start it again in the terminal.";
  });
}

// For the fifth tab, and where streams do not pass.
function poll() {
  timer = setTimeout(async () => {
    const answer = await fetch("/version", { cache: "no-store" }).catch(() => null);
    if (answer && answer.ok && Number(await answer.text()) !== version) await refresh();
    poll();
  }, POLL_MILLISECONDS);
}

// A stream takes one of the six connections of a browser: hidden tabs give theirs back.
document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (stream) stream.close();
  if (!document.hidden) listen();
});

form.addEventListener("change", changeView);
new ResizeObserver(() => {
  const frame = device.querySelector("iframe:not(.coming)");
  if (frame && device.clientWidth !== width) { width = device.clientWidth; fit(frame); }
}).observe(device);
changeView();
if (!document.hidden) listen();
