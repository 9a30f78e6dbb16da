// What textual.js leaves to the page: where to connect, the size of the letters, the keyboard's
// focus, and a question before answers are lost.
"use strict";

const terminal = document.getElementById("terminal");
const size = parseInt(new URLSearchParams(location.search).get("fontsize"), 10);
terminal.dataset.sessionWebsocketUrl = location.origin.replace(/^http/, "ws") + "/ws";
terminal.dataset.fontSize = size >= 8 && size <= 64 ? size : 16;

let under_way = false;

function followSession() {
  const state = document.body.classList;
  const now = state.contains("-first-byte") && !state.contains("-closed");
  if (now && !under_way) terminal.querySelector("textarea").focus();
  if (state.contains("-closed")) document.getElementById("again").focus();
  under_way = now;
}

new MutationObserver(followSession).observe(document.body, { attributeFilter: ["class"] });
document.getElementById("again").addEventListener("click", () => location.reload());
window.addEventListener("beforeunload", (event) => {
  if (under_way) event.preventDefault();
});
