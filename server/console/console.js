// What the console does with a script: the keys, and the warning before a session is
// over. Everything works without it. No text is ever made markup.

const body = document.body;

// The keys with a modifier, everywhere.
addEventListener("keydown", (e) => {
  const find = document.getElementById("find");
  if (e.ctrlKey && !e.altKey && !e.shiftKey && e.key.toLowerCase() === "k" && find) {
    e.preventDefault();
    find.focus();
    find.select();
  } else if (e.ctrlKey && e.key === "Enter") {
    const form = document.activeElement && document.activeElement.closest("form");
    if (form) {
      e.preventDefault();
      form.requestSubmit();
    }
  } else if (e.key === "Escape" && !document.querySelector("dialog[open]")) {
    const back = document.querySelector("a[data-back]");
    if (back && document.activeElement && document.activeElement.closest("form")) back.click();
  } else if (e.key === "F6") {
    const parts = [...document.querySelectorAll("header, nav, main, section[aria-label], section[aria-labelledby], footer")].filter((p) => p.offsetParent !== null);
    const at = parts.findLastIndex((p) => p.contains(document.activeElement));
    const next = parts[(at + (e.shiftKey ? parts.length - 1 : 1)) % parts.length];
    if (next) {
      e.preventDefault();
      if (!next.hasAttribute("tabindex")) next.setAttribute("tabindex", "-1");
      next.focus();
    }
  }
});

// What is wrong with a form has the focus.
const problem = document.getElementById("problem");
if (problem) problem.focus();

// A form is sent once, and says that it is on its way.
addEventListener("submit", (e) => {
  if (e.target.method !== "post") return;
  if (e.target.dataset.sent) return e.preventDefault();
  e.target.dataset.sent = "yes";
  const button = e.submitter || e.target.querySelector("button");
  if (button) setTimeout(() => { button.textContent = "Saving…"; }, 300);
});
addEventListener("pageshow", () => { for (const f of document.forms) delete f.dataset.sent; });

// The warning before the session is over, two minutes before, and one key to stay.
const idle = Number(body.dataset.idle || 0);
const dialog = document.getElementById("idle");
if (idle > 0 && dialog) {
  const warnBefore = Math.min(120, idle / 2);
  let since = Date.now();
  const left = () => idle - (Date.now() - since) / 1000;
  const words = document.getElementById("idle-left");
  dialog.addEventListener("close", async () => {
    const answer = await fetch("/console/help", { redirect: "error" }).catch(() => null);
    if (answer && answer.ok) since = Date.now();
    else location.reload();
  });
  setInterval(() => {
    if (left() <= 0) location.reload();
    else if (left() <= warnBefore) {
      words.textContent = Math.ceil(left()) + " seconds";
      if (!dialog.open) dialog.showModal();
    }
  }, 1000);
}

// The switch for single letters.
const off = document.getElementById("letters-off");
if (off) {
  off.checked = localStorage.getItem("pestle-letters") === "off";
  off.addEventListener("change", () => localStorage.setItem("pestle-letters", off.checked ? "off" : "on"));
}

// The list of a queue: one row has the focus, arrows move it, letters act on it. Letters
// act only while the list has the focus, and not where they are switched off.
const list = document.getElementById("queue");
const lettersOn = () => { try { return localStorage.getItem("pestle-letters") !== "off"; } catch { return true; } };
if (list) {
  const rows = [...list.tBodies[0].rows];
  const link = (row) => row.querySelector("th a");
  list.setAttribute("role", "grid");
  list.setAttribute("aria-label", document.querySelector("h1").textContent);
  for (const row of rows) {
    row.tabIndex = -1;
    link(row).tabIndex = -1;
  }
  const start = rows.find((r) => r.classList.contains("open")) || rows[0];
  start.tabIndex = 0;
  let timer = 0;
  const go = (row) => { location.href = link(row).href; };
  const to = (row) => {
    if (!row) return;
    for (const r of rows) r.tabIndex = r === row ? 0 : -1;
    row.focus();
    clearTimeout(timer);
    if (!row.classList.contains("open")) timer = setTimeout(() => { sessionStorage.setItem("pestle-focus", "list"); location.replace(link(row).href); }, 350);
  };
  if (sessionStorage.getItem("pestle-focus") === "list") {
    sessionStorage.removeItem("pestle-focus");
    start.focus();
  }
  list.addEventListener("keydown", (e) => {
    const row = e.target.closest("tbody tr");
    if (!row || e.ctrlKey || e.altKey || e.metaKey) return;
    const at = rows.indexOf(row);
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1, PageDown: Math.min(at + 10, rows.length - 1), PageUp: Math.max(at - 10, 0) };
    if (lettersOn()) Object.assign(moves, { j: at + 1, k: at - 1 });
    if (e.key in moves) {
      e.preventDefault();
      to(rows[moves[e.key]]);
    } else if (e.key === "Enter" && e.target === row) {
      e.preventDefault();
      go(row);
    } else if (lettersOn() && /^[a-z]$/.test(e.key)) {
      letter(e, row);
    } else if (e.key === "?") {
      location.href = "/console/help";
    }
  });
  // A letter does what the button that shows it does, of the review that is on the page and
  // of this row; of another row the review is opened first.
  const letter = (e, row) => {
    if (e.key === "n") {
      const button = document.getElementById("reload");
      if (button && !button.hidden) { e.preventDefault(); button.click(); }
      return;
    }
    if (e.key === "c") {
      e.preventDefault();
      navigator.clipboard.writeText(row.dataset.id).then(() => say("The id is copied."), () => say("The id could not be copied."));
      return;
    }
    const acts = [...document.querySelectorAll("#acts a, #acts button")];
    const act = acts.find((a) => (a.querySelector("kbd") || {}).textContent === e.key.toUpperCase());
    if (!act) return;
    e.preventDefault();
    if (!row.classList.contains("open")) return to(row);
    sessionStorage.setItem("pestle-focus", "list");
    act.click();
  };
}
function say(words) {
  const said = document.getElementById("said");
  if (said) said.textContent = words;
}

// What changes: the rows of a page stay where they are; what has gone is marked, and what
// is new waits behind a button. The stream is closed when the page is put aside, since a
// browser keeps few of them open.
const live = document.getElementById("live");
if (live && window.EventSource) {
  const button = document.getElementById("reload");
  const fresh = new Set();
  let source = null, heard = 0, since = live.dataset.since;
  const clock = () => new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  const open = () => {
    if (source) return;
    source = new EventSource("/console/events?queue=" + encodeURIComponent(live.dataset.queue) + "&since=" + encodeURIComponent(since));
    source.addEventListener("row", (e) => {
      const change = JSON.parse(e.data);
      const row = list && [...list.tBodies[0].rows].find((r) => r.dataset.id === change.id);
      if (row && !change.version) {
        if (!row.classList.contains("gone")) {
          row.classList.add("gone");
          row.cells[row.cells.length - 1].textContent = "Does not wait here any more, " + clock();
        }
        fresh.delete(change.id);
      } else if (!row || row.dataset.version !== change.version) {
        if (change.version) fresh.add(change.id); else fresh.delete(change.id);
      }
      button.hidden = fresh.size === 0;
      document.getElementById("changed").textContent = fresh.size + " new or changed";
    });
    source.addEventListener("now", (e) => {
      since = e.lastEventId || since;
      live.dataset.now = since;
      heard = Date.now();
      live.textContent = "Live.";
    });
    source.addEventListener("over", () => { close(); live.textContent = "Not live any more: reload."; });
    source.onerror = () => { live.textContent = "Not live since " + clock() + ": reload, or wait."; };
  };
  const close = () => { if (source) source.close(); source = null; };
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  button.addEventListener("click", () => { sessionStorage.setItem("pestle-focus", "list"); location.reload(); });
  open();
}
