/* Comfort for handing a password over: print with it or without it, and a guard on Done. */
(() => {
  "use strict";
  const root = document.documentElement;

  // --- the sheet without the password: portal.js prints, the style sheet looks here ---
  addEventListener("click", (event) => {
    const button = event.target.closest("[data-print]");
    if (button) root.dataset.printing = button.dataset.print;
  }, true);
  addEventListener("afterprint", () => { delete root.dataset.printing; });

  // --- Done without the tick would leave the only page that shows the password ---
  const done = (form) => {
    const box = form.querySelector("[name=stored]"), problem = form.querySelector("[data-done-problem]");
    let leaving = false;
    form.noValidate = true;
    form.addEventListener("submit", (event) => {
      if (box.checked) { leaving = true; return; }
      event.preventDefault();
      event.stopPropagation();
      problem.hidden = false;
      box.setAttribute("aria-invalid", "true");
      box.classList.add("is-invalid");
      problem.focus();
    });
    addEventListener("beforeunload", (event) => {
      if (document.querySelector("#setup-password") && !box.checked && !leaving) event.preventDefault();
    });
  };

  addEventListener("DOMContentLoaded", () => document.querySelectorAll("form[data-done]").forEach(done));
})();
