"use strict";
(function () {
  const root = document.documentElement;
  const themes = ["system", "light", "dark"];
  const theme = document.getElementById("theme");
  const all = document.getElementById("all");
  function kept() {
    try { return localStorage.getItem("ringwork-theme"); } catch { return null; }
  }
  function show(name) {
    if (name === "system") { delete root.dataset.theme; } else { root.dataset.theme = name; }
    theme.textContent = "Colours: " + name;
  }
  function open(every) {
    for (const one of document.querySelectorAll("details")) { one.open = every; }
    all.textContent = every ? "Close all" : "Open all";
  }
  let now = themes.includes(kept()) ? kept() : "system";
  show(now);
  theme.addEventListener("click", function () {
    now = themes[(themes.indexOf(now) + 1) % themes.length];
    show(now);
    try { localStorage.setItem("ringwork-theme", now); } catch { return; }
  });
  all.addEventListener("click", function () { open(all.textContent === "Open all"); });
  addEventListener("beforeprint", function () { open(true); });
  function reveal() {
    const wanted = document.getElementById(location.hash.slice(1));
    for (let at = wanted; at; at = at.parentElement) { if (at.tagName === "DETAILS") { at.open = true; } }
    if (wanted) { wanted.scrollIntoView(); }
  }
  addEventListener("hashchange", reveal);
  if (location.hash) { reveal(); }
  document.getElementById("tools").hidden = false;
})();
