"use strict";
(function () {
  const root = document.documentElement;
  const themes = ["system", "light", "dark"];
  const theme = document.getElementById("theme");
  const all = document.getElementById("all");
  const every = (query) => [...document.querySelectorAll(query)];

  function kept() {
    try { return localStorage.getItem("ringwork-theme"); } catch { return null; }
  }
  function show(name) {
    if (name === "system") { delete root.dataset.theme; } else { root.dataset.theme = name; }
    theme.textContent = "Colours: " + name;
  }
  let now = themes.includes(kept()) ? kept() : "system";
  show(now);
  theme.addEventListener("click", function () {
    now = themes[(themes.indexOf(now) + 1) % themes.length];
    show(now);
    try { localStorage.setItem("ringwork-theme", now); } catch { return; }
  });

  all.addEventListener("click", function () {
    const open = all.textContent === "Open all";
    for (const one of every("main details")) { one.open = open; }
    all.textContent = open ? "Close all" : "Open all";
  });
  let closed = [];
  addEventListener("beforeprint", function () {
    closed = every("main details:not([open])");
    for (const one of closed) { one.open = true; }
  });
  addEventListener("afterprint", function () {
    for (const one of closed) { one.open = false; }
  });

  // Filters. What lacks a key is not asked for it: routes and requirements answer to the words, findings and controls to all.
  const sift = document.getElementById("sift");
  const fields = every("#sift [data-key]");
  const items = every("[data-sift]");
  const holders = every("[data-holds]");
  const texts = new Map();
  let opened = [];
  const plain = (text) => text.toLowerCase().replace(/\s+/g, " ").trim();
  function text(item) {
    if (!texts.has(item)) { texts.set(item, plain(item.textContent + " " + item.id)); }
    return texts.get(item);
  }
  function passes(item, asked) {
    return asked.every(function ([key, value]) {
      if (key === "text") { return value.split(" ").every((word) => text(item).includes(word)); }
      return item.dataset[key] === undefined || item.dataset[key] === value;
    });
  }
  function apply() {
    const asked = fields.map((field) => [field.dataset.key, plain(field.value)]).filter(([, value]) => value);
    const counts = new Map();
    for (const item of items) {
      item.hidden = !passes(item, asked);
      const [shown, total] = counts.get(item.dataset.sift) || [0, 0];
      counts.set(item.dataset.sift, [shown + !item.hidden, total + 1]);
    }
    for (const one of opened) { one.open = false; }
    opened = [];
    for (const holder of holders) {
      holder.hidden = asked.length > 0 && !holder.querySelector("[data-sift]:not([hidden])");
      if (asked.length && !holder.hidden && holder.tagName === "DETAILS" && !holder.open) {
        holder.open = true;
        opened.push(holder);
      }
    }
    const none = document.getElementById("no-finding");
    if (none) { none.hidden = counts.get("finding")[0] > 0; }
    document.getElementById("sifted").textContent = asked.length
      ? "Shown: " + [...counts].map(([kind, [shown, total]]) => shown + " of " + total + " " + kind + "s").join(", ")
      : "";
    return asked;
  }
  function remember(asked) {
    const hash = asked.length ? "#?" + new URLSearchParams(asked) : location.hash.startsWith("#?") ? "#" : location.hash;
    if (hash !== location.hash) { try { history.replaceState(null, "", hash); } catch { return; } }
  }
  function recall() {
    const asked = new URLSearchParams(location.hash.slice(2));
    for (const field of fields) { field.value = asked.get(field.dataset.key) || ""; }
    sift.open = true;
    apply();
  }
  let waiting = 0;
  function soon() {
    clearTimeout(waiting);
    waiting = setTimeout(function () { remember(apply()); }, 120);
  }
  for (const field of fields) { field.addEventListener(field.tagName === "SELECT" ? "change" : "input", soon); }
  document.getElementById("clear").addEventListener("click", function () {
    for (const field of fields) { field.value = ""; }
    remember(apply());
  });
  sift.hidden = false;
  sift.open = matchMedia("(min-width: 68rem)").matches;

  function reveal() {
    if (location.hash.startsWith("#?")) { recall(); return; }
    const wanted = document.getElementById(location.hash.slice(1));
    if (!wanted) { return; }
    const inner = wanted.matches("article") ? wanted.querySelector("details") : null;
    if (inner) { inner.open = true; }
    if (wanted.closest("[hidden]")) {
      for (const field of fields) { field.value = ""; }
      apply();
    }
    for (let at = wanted; at; at = at.parentElement) { if (at.tagName === "DETAILS") { at.open = true; } }
    wanted.scrollIntoView();
  }
  addEventListener("hashchange", reveal);
  if (location.hash) { reveal(); }
  document.getElementById("tools").hidden = false;
})();
