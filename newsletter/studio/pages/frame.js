// The frame with the mail: swapped once the new mail is laid out, so that nothing
// flickers, and as high as its mail, so that the page scrolls as one and stays in place.

const stage = document.getElementById("stage");
const device = stage.querySelector(".device");
const SANDBOX = "allow-same-origin allow-popups allow-popups-to-escape-sandbox";
let turn = 0;
let width = 0;

export const shownFrame = () => device.querySelector("iframe:not(.coming)");

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

// Parts of a page of ours that are opened make it higher; and keys of the page are heard
// wherever the focus is.
function attend(frame) {
  frame.contentDocument.addEventListener("toggle", () => fit(frame), true);
  frame.contentDocument.addEventListener("keydown", (event) => {
    if (event.key !== "F9") return;
    event.preventDefault();
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "F9", shiftKey: event.shiftKey }));
  });
}

// Resolves when the mail is there, or with false when something newer was asked for.
export function showFrame(address, { title, view, tone }) {
  const mine = ++turn;
  const next = document.createElement("iframe");
  next.title = title;
  next.setAttribute("sandbox", SANDBOX);
  next.className = `coming ${tone}`;
  next.src = address;
  return new Promise((resolve) => {
    next.addEventListener("load", () => {
      // A page of the browser's own has no document for us: nobody answered.
      if (mine !== turn || !next.contentDocument) {
        next.remove();
        resolve(false);
        return;
      }
      fit(next, () => {
        for (const other of [...device.children]) if (other !== next) other.remove();
        next.classList.remove("coming");
        stage.className = `stage ${view}${stage.classList.contains("old") ? " old" : ""}`;
      });
      attend(next);
      resolve(true);
    }, { once: true });
    device.append(next);
  });
}

export function markOld(isOld) { stage.classList.toggle("old", isOld); }

function begin(frame) {
  fit(frame);
  attend(frame);
}

// The first frame stands in the page; it may be there before us.
const first = shownFrame();
const isThere = first?.contentDocument?.readyState === "complete"
  && first.contentDocument.URL !== "about:blank";
if (isThere) begin(first);
else if (first) first.addEventListener("load", () => begin(first), { once: true });
new ResizeObserver(() => {
  const frame = shownFrame();
  if (frame && device.clientWidth !== width) { width = device.clientWidth; fit(frame); }
}).observe(device);
