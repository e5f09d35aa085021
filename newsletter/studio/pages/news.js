// Hears of new versions: by a stream, or by asking where there is none.

const POLL_MILLISECONDS = 2000;
let stream = null;
let timer = 0;

export function follow({ version, changed, lost, path = "" }) {
  let isLost = false;

  function listen() {
    stream = new EventSource(`${path}events?seen=${version()}`);
    stream.addEventListener("changed", (event) => changed(Number(event.data)));
    stream.addEventListener("open", () => {
      if (isLost) { isLost = false; changed(version()); }
    });
    stream.addEventListener("error", () => {
      if (stream.readyState === EventSource.CLOSED) return poll();
      isLost = true;
      lost();
    });
  }

  // For the fifth tab, and where streams do not pass.
  function poll() {
    timer = setTimeout(async () => {
      const answer = await fetch(`${path}version`, { cache: "no-store" }).catch(() => null);
      const isThere = answer && answer.ok;
      if (!isThere) { isLost = true; lost(); }
      const number = isThere ? Number(await answer.text()) : version();
      if (isThere && (isLost || number !== version())) { isLost = false; await changed(number); }
      poll();
    }, POLL_MILLISECONDS);
  }

  // A stream takes one of the six connections of a browser: hidden tabs give theirs back.
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (stream) stream.close();
    if (!document.hidden) listen();
  });
  if (!document.hidden) listen();
}
