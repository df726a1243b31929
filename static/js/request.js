/* The draft of a partnership request: Open in email and Copy to clipboard in one press. Without this file the same buttons
   post the form, and the page that comes back holds the text to select and the link to the mail program. */
(() => {
  "use strict";
  let busy = false;

  const copySelected = (field) => {
    field.focus();
    field.select();
    try { return document.execCommand("copy"); } catch { return false; }
  };
  // Over plain HTTP pages have no clipboard: then the old way, and where even that is refused, the selected text.
  const copy = async (field) => {
    try {
      await navigator.clipboard.writeText(field.value);
      return true;
    } catch {
      return copySelected(field);
    }
  };

  // The answer is a whole page: the request that has left, or the draft with what is to be corrected.
  const show = (page, address) => {
    const answer = page.getElementById("main");
    document.title = page.title;
    document.getElementById("main").replaceWith(document.adoptNode(answer));
    history.replaceState(null, "", address);
    for (const button of answer.querySelectorAll("[data-copy]")) button.hidden = false;
    const summary = answer.querySelector("[data-error-summary]");
    if (summary) summary.focus();
    else scrollTo(0, 0);
    return answer;
  };

  const press = async (button) => {
    const form = button.form, status = form.querySelector("[data-request-status]"), words = { ...status.dataset };
    try {
      const response = await fetch(button.formAction, { method: "POST", body: new FormData(form) });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      if (!page.querySelector("[data-request-form], [data-request-text]")) { location.assign(response.url); return; }
      // A button's own address answers to nothing but a press, so a refused draft goes by the address of the draft.
      const main = show(page, response.redirected ? response.url : form.action);
      const field = main.querySelector("[data-request-text]");
      if (!field) return;
      const link = main.querySelector("[data-request-mailto]");
      if (button.dataset.requestAct === "mail") { if (link) location.href = link.href; return; }
      main.querySelector("[data-request-status]").textContent = (await copy(field)) ? words.copied : words.select;
    } catch {
      status.textContent = words.failed;
    }
  };

  addEventListener("click", async (event) => {
    const button = event.target.closest("[data-request-act]");
    if (!button) return;
    event.preventDefault();
    if (busy) return;
    busy = true;
    button.setAttribute("aria-busy", "true");
    await press(button);
    button.removeAttribute("aria-busy");
    busy = false;
  });
})();
