// What is looked at stands in the address, so that a reload shows the same again.

const parameters = new URLSearchParams(location.search);

export const chosen = {
  view: parameters.get("view") || "desktop",
  recipient: parameters.get("for") || "",
  dark: parameters.get("dark") === "1",
};

// The usual is left out: an address that says nothing needs no reading.
export function query(extra = {}) {
  const asked = new URLSearchParams();
  if (chosen.view !== "desktop") asked.set("view", chosen.view);
  if (chosen.recipient) asked.set("for", chosen.recipient);
  if (chosen.dark) asked.set("dark", "1");
  for (const [name, value] of Object.entries(extra)) asked.set(name, value);
  const text = asked.toString();
  return text ? `?${text}` : "";
}

export function keepAddress() {
  history.replaceState(null, "", `./${query()}`);
}
