// A subscriber's copy, by an address that is typed: it goes to this computer's preview
// alone, and what comes back, and stands in the address of the page, is a key.

const other = document.getElementById("other");
const form = document.getElementById("other-form");
const email = document.getElementById("other-email");
const told = document.getElementById("other-told");

function open(isOpen) {
  form.hidden = !isOpen;
  other.setAttribute("aria-expanded", String(isOpen));
  told.textContent = "";
  if (isOpen) email.focus();
}

export function watchOther(choose) {
  other.addEventListener("click", () => open(form.hidden));
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    open(false);
    other.focus();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    told.textContent = "";
    const answer = await fetch("recipient", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ email: email.value }),
    }).catch(() => null);
    const found = answer && answer.ok ? await answer.json() : { reason: "That did not work." };
    if (!found.key) { told.textContent = found.reason; return; }
    email.value = "";
    open(false);
    await choose(found.key);
    document.getElementById("recipient").focus();
  });
}
