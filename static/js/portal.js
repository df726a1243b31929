/* Comfort on top of pages that work without it: copy, hide, busy buttons, menus, expandable rows, focus on errors. */
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);
  const covered = new Map();

  const announce = (button, words) => {
    const place = button.closest(".copy-field")?.querySelector("[data-copy-status]") ?? byId("live-status");
    if (!place) return;
    place.textContent = "";
    setTimeout(() => { place.textContent = words; }, 50);
  };

  // --- copy: the clipboard where the page is secure, else the text is selected for Ctrl+C ---
  const select = (source) => {
    if (source.select) { source.focus(); source.select(); return; }
    const range = document.createRange();
    range.selectNodeContents(source);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  };
  const copy = async (button) => {
    const source = byId(button.dataset.copy) ?? button.parentElement.querySelector("[data-copy-source]");
    const text = covered.get(source) ?? source.value ?? source.textContent;
    const done = document.body.dataset.copied, manual = document.body.dataset.copyManual;
    try {
      await navigator.clipboard.writeText(text);
      button.classList.add("is-copied");
      setTimeout(() => button.classList.remove("is-copied"), 2000);
      announce(button, button.dataset.copied ?? done);
    } catch {
      if (source) select(source);
      announce(button, button.dataset.select ?? manual);
    }
  };

  // --- a secret on screen may be covered, and is gone once the page is left ---
  // (Not type=password: the browser would offer to keep it.)
  const hide = (button) => {
    const field = byId(button.dataset.hide), word = button.querySelector("[data-hide-word]");
    if (covered.has(field)) { field.value = covered.get(field); covered.delete(field); }
    else { covered.set(field, field.value); field.value = "•".repeat(12); }
    [button.dataset.show, word.textContent] = [word.textContent, button.dataset.show];
  };
  addEventListener("pagehide", () => all("[data-blank-on-leave]").forEach((element) => {
    covered.clear();
    if ("value" in element) { element.value = ""; element.setAttribute("value", ""); } else element.textContent = "";
  }));

  // --- one press, one submission; the server guards too ---
  addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-busy-guard]") || event.defaultPrevented) return;
    if (form.dataset.busy) { event.preventDefault(); return; }
    form.dataset.busy = "true";
    const button = event.submitter;
    if (button) setTimeout(() => {
      button.setAttribute("aria-busy", "true");
      if (button.dataset.busyLabel) { button.dataset.label = button.textContent; button.textContent = button.dataset.busyLabel; }
    });
  });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    all("form[data-busy]").forEach((form) => delete form.dataset.busy);
    all("[aria-busy]").forEach((button) => {
      button.removeAttribute("aria-busy");
      if (button.dataset.label) button.textContent = button.dataset.label;
    });
  });

  // --- links that open something on the server become buttons that open it here ---
  const asButton = (link, expanded, controls) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = link.className;
    button.title = link.title;
    button.append(...link.childNodes);
    button.setAttribute("aria-expanded", expanded);
    if (controls) button.setAttribute("aria-controls", controls);
    link.replaceWith(button);
    return button;
  };
  // What a row opens is fetched once; the address keeps which rows are open, for Reload and Back.
  const LONGEST_ADDRESS = 2000;
  const showControls = (root = document) => all("[data-copy], [data-hide], [data-print]", root).forEach((button) => { button.hidden = false; });
  const fetchDetails = async (row, link) => {
    try {
      const response = await fetch(`?row=${row.id.slice("row-".length)}`, { redirect: "manual" });
      if (!response.ok) throw new Error(response.status);
      row.insertAdjacentHTML("afterend", await response.text());
      showControls(row.nextElementSibling);
    } catch {
      row.insertAdjacentHTML("afterend", `<tr role="row" class="expanded"><td role="cell" colspan="${row.cells.length}"></td></tr>`);
      const cell = row.nextElementSibling.cells[0];
      cell.append(row.closest(".table-frame").querySelector("[data-not-opened]").content.cloneNode(true));
      cell.querySelector("a").href = link.href;
    }
    return row.nextElementSibling;
  };
  const keepOpened = (key, isOpen) => {
    const address = new URL(location), others = address.searchParams.getAll("open").filter((one) => one !== key);
    address.searchParams.delete("open");
    [...others, ...(isOpen ? [key] : [])].forEach((one) => address.searchParams.append("open", one));
    if (address.href.length < LONGEST_ADDRESS) history.replaceState(history.state, "", address);
  };
  const expander = (link) => {
    const row = link.closest("tr");
    let details = link.dataset.expand ? row.nextElementSibling : null, other = link.dataset.other;
    const button = asButton(link, Boolean(details), details?.id), word = button.querySelector("[data-word]");
    button.addEventListener("click", async () => {
      if (button.getAttribute("aria-busy")) return;
      const isOpen = button.getAttribute("aria-expanded") !== "true";
      if (!details) {
        button.setAttribute("aria-busy", "true");
        details = await fetchDetails(row, link);
        button.removeAttribute("aria-busy");
      }
      details.hidden = !isOpen;
      button.setAttribute("aria-expanded", isOpen);
      [other, word.textContent] = [word.textContent, other];
      if (details.id) {
        button.setAttribute("aria-controls", details.id);
        keepOpened(row.id.slice("row-".length), isOpen);
      } else if (!isOpen) {
        details.remove();
        details = null;
      }
    });
  };
  const navigation = (link) => {
    const nav = byId("main-nav");
    const button = asButton(link, false, "main-nav");
    button.addEventListener("click", () => button.setAttribute("aria-expanded", nav.classList.toggle("is-open")));
  };

  // --- a running total beside quantities; the server's own figure stands until something changes ---
  const totals = (output) => {
    const inputs = all(`[data-total="${output.dataset.totalOf}"]`);
    const format = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: Number(output.dataset.places ?? 0), maximumFractionDigits: Number(output.dataset.places ?? 0) });
    const update = () => {
      const sum = inputs.reduce((total, input) => total + (Number.parseInt(input.value, 10) || 0) * Number(input.dataset.each ?? 1), 0);
      output.textContent = format.format(sum);
    };
    inputs.forEach((input) => input.addEventListener("input", update));
  };

  // --- one box selects those of every row ---
  const pickAll = (label) => {
    const box = label.querySelector("input");
    label.hidden = false;
    box.addEventListener("change", () => all(`input[name="${label.dataset.pickAll}"]`).forEach((pick) => { pick.checked = box.checked; }));
  };

  // --- a table wider than its frame can be scrolled with the keyboard ---
  const scrollable = () => all(".table-frame").forEach((frame) => {
    const wide = frame.scrollWidth > frame.clientWidth && getComputedStyle(frame).overflowX !== "visible";
    ["tabindex", "role", "aria-label"].forEach((name) => frame.removeAttribute(name));
    if (!wide) return;
    frame.tabIndex = 0;
    frame.setAttribute("role", "region");
    frame.setAttribute("aria-label", frame.querySelector("caption").textContent);
  });

  // --- what is wrong is read first, also when the form was sent from an address that ends in the link to a field ---
  // A draft keeps what was typed: Back and Reload then open the page again instead of sending the form again.
  const summarize = () => {
    const summary = document.querySelector("[data-error-summary]");
    if (!summary) return;
    if (location.hash || document.querySelector("[data-draft-saved]")) history.replaceState(history.state, "", location.pathname + location.search);
    summary.focus();
  };

  addEventListener("resize", scrollable);
  addEventListener("DOMContentLoaded", () => {
    scrollable();
    showControls();
    all("a[data-expand]").forEach(expander);
    all("a[data-nav-toggle]").forEach(navigation);
    all("output[data-total-of]").forEach(totals);
    all("label[data-pick-all]").forEach(pickAll);
    summarize();
  });
  addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy], [data-hide], [data-print]");
    if (button?.matches("[data-copy]")) copy(button);
    else if (button?.matches("[data-hide]")) hide(button);
    else if (button) print();
    all("details[data-menu][open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    all("details[data-menu][open]").forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); });
  });
})();
