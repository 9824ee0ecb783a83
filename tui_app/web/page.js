// Keys go to the application as soon as it has drawn something, and again when the window comes back.
"use strict";
function focusTerminal() {
  const input = document.querySelector(".xterm-helper-textarea");
  if (input) input.focus();
}
document.addEventListener("DOMContentLoaded", () => {
  new MutationObserver(focusTerminal).observe(document.body, { attributes: true, attributeFilter: ["class"] });
});
window.addEventListener("focus", focusTerminal);
