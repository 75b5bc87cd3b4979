// Shows that something changed while the page was open. Everything works without it.
"use strict";

(() => {
  const path = document.body.dataset.live;
  const notice = document.getElementById("news");
  if (!path || !notice) return;
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(`${scheme}//${location.host}${path}`);
  socket.addEventListener("message", (event) => {
    if (JSON.parse(event.data).news.startsWith("appointment")) notice.hidden = false;
  });
})();
