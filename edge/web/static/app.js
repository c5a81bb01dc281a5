// Everything here is a comfort: each page works with this file missing.
const root = document.documentElement;
root.classList.add("scripted");

// The reader's time zone, so that the server writes times the reader can trust.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.includes("bf_zone=" + encodeURIComponent(zone))) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = "bf_zone=" + encodeURIComponent(zone) + "; path=/; max-age=31536000; samesite=lax" + secure;
}

// Copy buttons: <button data-copy="id-of-text" data-done="Copied">. Where copying is refused the text is selected instead.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    const said = button.querySelector("[data-say]");
    said.textContent = button.dataset.done;
    button.classList.add("did");
    document.getElementById("said").textContent = button.dataset.done;
    setTimeout(() => { said.textContent = ""; button.classList.remove("did"); }, 2000);
  } catch {
    getSelection().selectAllChildren(source);
  }
});

// A keypad writes into its field: <div data-keypad="id-of-field"><button data-key="7">. The field stays what is sent.
document.addEventListener("click", (event) => {
  const key = event.target.closest("[data-key]");
  const pad = key && key.closest("[data-keypad]");
  if (!pad) return;
  const field = document.getElementById(pad.dataset.keypad);
  const press = key.dataset.key;
  const last = field.value.split("+").pop();
  if (press === "back") field.value = field.value.trimEnd().slice(0, -1);
  else if (press === "+") field.value += last.trim() ? "+" : "";
  else if (press !== "." || !last.includes(".")) field.value += press;
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

// One more or less of an item: <button data-step="1" data-for="id-of-field">.
document.addEventListener("click", (event) => {
  const step = event.target.closest("[data-step]");
  if (!step) return;
  const field = document.getElementById(step.dataset.for);
  const count = Math.min(999, Math.max(0, (parseInt(field.value, 10) || 0) + Number(step.dataset.step)));
  field.value = count || "";
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

// A till's total while it is typed, in whole minor units; the server counts again. What cannot be counted shows no total.
for (const form of document.querySelectorAll("form[data-cart]")) {
  const currency = form.elements.currency, total = form.querySelector("[data-total]");
  const amount = (typed, scale) => {
    const m = /^(?:(\d{1,3})\s*[x×*]\s*)?(\d{1,12})(?:[.,](\d*))?$/i.exec(typed.trim());
    if (!m || (m[3] || "").length > scale) return null;
    return BigInt(m[1] || 1) * BigInt(m[2] + (m[3] || "").padEnd(scale, "0"));
  };
  const count = () => {
    const scale = Number((currency.selectedOptions ? currency.selectedOptions[0] : currency).dataset.scale);
    const parts = form.elements.amount.value.trim() ? form.elements.amount.value.split("+").map((one) => amount(one, scale)) : [];
    for (const field of form.querySelectorAll("[data-minor]")) {
      const wanted = field.value.trim();
      if (wanted && wanted !== "0") {
        parts.push(/^\d+$/.test(wanted) && field.dataset.code === currency.value ? BigInt(wanted) * BigInt(field.dataset.minor) : null);
      }
    }
    if (parts.length === 0 || parts.includes(null)) return "";
    let sum = parts.reduce((a, b) => a + b, 0n);
    const tip = form.elements.tip ? form.elements.tip.value : "";
    if (tip === "own") {
      const own = form.elements.own_tip.value.trim() ? amount(form.elements.own_tip.value, scale) : 0n;
      if (own === null) return "";
      sum += own;
    } else if (tip) sum += sum * BigInt(tip) / 100n;
    const digits = String(sum).padStart(scale + 1, "0");
    const cut = digits.length - scale;
    return currency.value + " " + digits.slice(0, cut) + (scale ? "." + digits.slice(cut) : "");
  };
  const show = (event) => {
    const tip = form.elements.tip, own = form.elements.own_tip;
    if (event && own && event.target === own && own.value.trim()) tip.value = "own"; // typed is chosen
    else if (event && own && event.target.name === "tip" && tip.value !== "own") own.value = "";
    total.textContent = count();
  };
  form.addEventListener("input", show);
  form.addEventListener("change", show);
  show();
}

// Printing: <button data-print>.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) print();
});

// One press sends a form once. The server would pay once anyway; this only spares the second request.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.classList.contains("busy")) { event.preventDefault(); return; }
  form.classList.add("busy");
  form.setAttribute("aria-busy", "true");
  if (form.closest("main")) keep(form, event.submitter);
});
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload(); // the browser kept the page as it was, and what stands on it may have been paid since
  for (const form of document.querySelectorAll("form.busy")) {
    form.classList.remove("busy");
    form.removeAttribute("aria-busy");
  }
});

// What was typed outlives an answer that never came: it waits in this window while its form is on its way, and with it the form's nonce, so
// that what did arrive is not done twice when it is sent again. Any other page that is shown is the answer. Secrets are not kept.
const here = location.pathname + location.search;
const slot = (write) => {
  try {
    if (write === undefined) return JSON.parse(sessionStorage.getItem("unsent"));
    if (write) sessionStorage.setItem("unsent", JSON.stringify(write));
    else sessionStorage.removeItem("unsent");
  } catch { /* a browser that keeps nothing */ }
  return null;
};
const alike = (action) => [...document.forms].filter((form) => form.getAttribute("action") === action);
const filled = (form) => [...form.elements].filter((field) => field.name && (field.name === "nonce" || field.type === "textarea" ||
  /^(INPUT|SELECT)$/.test(field.tagName) && !/^(hidden|password|file|submit|image|reset|button)$/.test(field.type) &&
  !/^(one-time-code|cc-)/.test(field.autocomplete)));
const box = (field) => /^(radio|checkbox)$/.test(field.type);
const keep = (form, button) => {
  const action = form.getAttribute("action");
  const fields = filled(form).map((field) => ({ name: field.name, value: field.value, box: box(field), on: !box(field) || field.checked }));
  slot({ here, action, nth: alike(action).indexOf(form), fields, pressed: button?.name ? button.value : "" });
};
const again = (kept) => {
  const form = alike(kept.action)[kept.nth];
  if (!form) return;
  const left = filled(form), missing = [];
  for (const was of kept.fields) {
    const at = left.findIndex((field) => field.name === was.name && (!box(field) || field.value === was.value));
    if (at < 0) {
      if (was.on && was.value) missing.push(was);
      continue;
    }
    const [field] = left.splice(at, 1);
    if (box(field)) field.checked = was.on;
    else if (field.tagName !== "SELECT" || [...field.options].some(({ value }) => value === was.value)) field.value = was.value;
    const fold = field.type !== "hidden" && was.value && field.closest("details");
    if (fold) fold.open = true;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const note = document.getElementById("unsent");
  if (note) note.hidden = false;
  // Who was named in a bill, and the button that asks them, stand only on the page that an earlier look came to: it is looked at again,
  // which asks nobody.
  const look = form.querySelector("[name=do][value=look]");
  if (!look || missing.length === 0 && [...form.elements].some((button) => button.name === "do" && button.value === kept.pressed)) return;
  for (const was of missing) {
    const field = document.createElement("input");
    Object.assign(field, { type: was.box ? "checkbox" : "text", name: was.name, value: was.value, checked: was.box, hidden: true });
    form.append(field);
  }
  form.requestSubmit(look);
};
const lost = slot();
if (document.querySelector("[data-unanswered]")) slot(lost && { ...lost, lost: true });
else if (lost) {
  const [visit] = performance.getEntriesByType("navigation");
  if (lost.here === here && (lost.lost || location.hash === "#unsent" || visit && visit.type !== "navigate")) again(lost);
  else slot(false);
}

// What was chosen before may stand in a list again, put there by the browser or by the above. What hangs on it, such as a rate, is asked
// for, once it listens.
document.addEventListener("htmx:after:process", () => {
  for (const list of document.querySelectorAll("select")) {
    const first = Math.max(0, [...list.options].findIndex((option) => option.defaultSelected));
    if (list.selectedIndex !== first) list.dispatchEvent(new Event("change", { bubbles: true }));
  }
}, { once: true });

// A countdown to <time data-until>: minutes and seconds, spoken only when it ends.
for (const time of document.querySelectorAll("time[data-until]")) {
  const until = Date.parse(time.dateTime) - Date.parse(time.dataset.until) + Date.now();
  const tick = () => {
    const left = Math.max(0, Math.round((until - Date.now()) / 1000));
    time.textContent = Math.floor(left / 60) + ":" + String(left % 60).padStart(2, "0");
    if (left > 0) setTimeout(tick, 1000);
  };
  if (until - Date.now() < 3600_000) tick();
}

// A part of a page is only exchanged for what was asked for. If the answer is an error or another page (the session ended), a link
// is followed as without JavaScript, and a page that renews itself stays as it is until the next try, or goes to the door.
document.addEventListener("htmx:before:response", (event) => {
  const { response, sourceElement } = event.detail.ctx;
  if (response.raw.ok && !response.raw.redirected) return;
  event.preventDefault();
  if (sourceElement.href) location.assign(sourceElement.href);
  else if (response.raw.redirected) location.reload();
});

// A part that renews itself leaves its reader alone: it waits while they write in it, and what they unfolded stays unfolded.
const typed = (field) => field === document.activeElement ||
  (field.options ? [...field.options].some((o) => o.selected !== o.defaultSelected) : field.value !== field.defaultValue);
document.addEventListener("htmx:before:request", (event) => {
  const { sourceElement } = event.detail.ctx;
  if (!sourceElement.matches('[hx-trigger*="news"]')) return;
  if ([...sourceElement.querySelectorAll("input:not([type=hidden]), select, textarea")].some(typed)) event.preventDefault();
});
let unfolded = [];
document.addEventListener("htmx:before:swap", () => {
  unfolded = [...document.querySelectorAll("details[open][id]")].map(({ id }) => id);
});
document.addEventListener("htmx:after:swap", () => {
  for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
});

// When a live part of the page has turned final, say so once to a screen reader.
document.addEventListener("htmx:after:swap", () => {
  const said = document.getElementById("said");
  const final = document.querySelector("[data-final]");
  if (said && final && said.textContent !== final.dataset.final) said.textContent = final.dataset.final;
});

// An installed wallet opens without a network too, with a page that says so. The worker learns the language of the pages.
if ("serviceWorker" in navigator && isSecureContext) {
  navigator.serviceWorker.register("/sw.js").catch(() => {});
  navigator.serviceWorker.ready.then(({ active }) => active.postMessage(root.lang));
}

// While the network is gone, a page that is still open says what that means for it. The browser knows of its own network only: that nobody
// answers shows when the page looks again.
const away = document.getElementById("offline");
let unanswered = false;
const mark = (lost) => {
  if (typeof lost === "boolean") unanswered = lost;
  if (away) away.hidden = navigator.onLine && !unanswered;
};
addEventListener("online", mark);
addEventListener("offline", mark);
document.addEventListener("htmx:error", (event) => { if (event.detail.ctx && !event.detail.ctx.response) mark(true); });
document.addEventListener("htmx:before:response", () => mark(false));
mark();

// A checkout, or a till's sale, is watched by everybody who looks at it: <… data-watch="/live/checkout?of=…&state=…">. When it stands
// otherwise the page looks again, and watches on from what it found.
let watched;
const watch = () => {
  const place = document.querySelector("[data-watch]");
  if (!place || watched || document.hidden) return;
  watched = new EventSource(place.dataset.watch);
  const leave = () => { watched.close(); watched = null; setTimeout(watch, 3000); };
  watched.addEventListener("news", () => { leave(); document.body.dispatchEvent(new Event("news")); });
  watched.addEventListener("bye", leave);
  watched.addEventListener("open", () => mark(false));
  watched.addEventListener("error", ({ target }) => {
    if (target === watched && target.readyState === EventSource.CLOSED) leave(); // refused; the browser tries again only when it was cut
    else setTimeout(() => { if (target === watched && target.readyState === EventSource.CONNECTING) mark(true); }, 5000);
  });
};
watch();
addEventListener("online", () => { // what the old stream would have said may be lost; a new one says at once when something has changed
  if (!watched) return;
  watched.close();
  watched = null;
  watch();
});
document.addEventListener("visibilitychange", watch);
document.addEventListener("htmx:after:swap", watch);

// A page that is open hears of news by a stream, and its parts look again: <… hx-trigger="news from:body">. The server says "bye" when
// its reader has been away for long; when they come back to the page, it looks, and listens again.
if (document.body.dataset.live !== undefined) {
  let source, waiting;
  const look = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => document.body.dispatchEvent(new Event("news")), 80);
  };
  const listen = () => {
    source = new EventSource("/live");
    source.addEventListener("news", look);
    source.addEventListener("bye", () => { source.close(); source = null; });
  };
  listen();
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && !source) { look(); listen(); }
  });
}
