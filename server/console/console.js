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
