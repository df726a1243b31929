/* Warns two minutes before the session ends and keeps it alive when the person wants it; tabs tell each other. */
(() => {
  "use strict";
  const dialog = document.querySelector("dialog[data-session-end]");
  if (!dialog?.showModal) return;
  const WARNING = 120_000;
  const part = (name) => dialog.querySelector(`[data-session-${name}]`);
  const tabs = "BroadcastChannel" in window ? new BroadcastChannel("session") : null;
  let idleAt, endAt, dismissed = false, over = false;

  // In the person's zone as on the rest of the page; in the browser's own where it does not know that one.
  const clock = (zone) => new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...zone });
  const written = (at) => {
    try { return clock({ timeZone: dialog.dataset.zone }).format(at); } catch { return clock().format(at); }
  };
  const set = ({ idle, end }) => { idleAt = Date.now() + idle * 1000; endAt = Date.now() + end * 1000; };
  const say = (words, at) => {
    const time = written(at);
    const text = part("text").dataset[words].replace("{time}", time);
    if (part("text").textContent !== text) part("text").textContent = text;
  };
  const show = (...names) => ["stay", "close", "again", "out"].forEach((name) => { part(name).hidden = !names.includes(name); });
  const open = () => { if (!dialog.open) dialog.showModal(); };

  const look = () => {
    if (over) return;
    const now = Date.now(), last = endAt <= idleAt, at = Math.min(idleAt, endAt);
    if (now >= at) {
      over = true;
      say("overWords", at);
      show("again");
      part("again").href = `${part("again").pathname}?next=${encodeURIComponent(location.pathname + location.search)}`;
      open();
    } else if (at - now <= WARNING) {
      if (last && dismissed) return;
      say(last ? "endWords" : "idleWords", at);
      show(...(last ? ["close", "out"] : ["stay", "out"]));
      open();
    } else if (dialog.open) dialog.close();
  };

  const stay = async () => {
    try {
      const body = new URLSearchParams({ csrfmiddlewaretoken: dialog.querySelector("[name=csrfmiddlewaretoken]").value });
      const answer = await fetch(dialog.dataset.keep, { method: "POST", body, redirect: "error" });
      if (!answer.ok) throw new Error(String(answer.status));
      const left = await answer.json();
      set(left);
      tabs?.postMessage(left);
      dialog.close();
    } catch {
      idleAt = Math.min(idleAt, Date.now());
    }
    look();
  };

  set({ idle: Number(dialog.dataset.idle), end: Number(dialog.dataset.end) });
  tabs?.postMessage({ idle: Number(dialog.dataset.idle), end: Number(dialog.dataset.end) });
  tabs?.addEventListener("message", ({ data }) => { if (!over) { set(data); look(); } });
  part("stay").addEventListener("click", stay);
  part("close").addEventListener("click", () => { dismissed = true; dialog.close(); });
  // Esc answers the question as its first button does.
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    if (!part("stay").hidden) stay();
    else if (!over) { dismissed = true; dialog.close(); }
  });
  setInterval(look, 1000);
  look();
})();
