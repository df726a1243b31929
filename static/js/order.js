/* Comfort for the wizard: the running summary of New subscription, and its search as one types. */
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const language = document.documentElement.lang;
  const whole = new Intl.NumberFormat(language);
  const plural = new Intl.PluralRules(language);
  const counted = (number, data, name) => {
    const words = data[name + (plural.select(number) === "one" ? "One" : "Other")];
    return words.replace("%(number)s", whole.format(number));
  };

  // --- the running summary, by the rules of orders/money.py: each line rounded once, halves upwards ---
  const quantity = (input) => (/^\s*[0-9]+\s*$/.test(input.value) ? Number(input.value) : 0);
  const unitPrice = (input, number) => {
    const tiers = input.dataset.tiers.split(" ").map((tier) => tier.split(":"));
    return (tiers.filter(([least]) => Number(least) <= number).pop() ?? tiers[0])[1];
  };
  // Cents of one line. Prices have four decimals: whole numbers keep what binary fractions would lose.
  const cents = (input, number) => {
    const [units, fraction] = unitPrice(input, number).split(".");
    const hundredths = BigInt(units + fraction.padEnd(4, "0")) * BigInt(number), each = BigInt(input.dataset.periods) * 100n;
    return (2n * hundredths + each) / (2n * each);
  };
  const money = (amount, currency) => {
    const digits = String(amount).padStart(3, "0");
    const separated = new Intl.NumberFormat(language, { minimumFractionDigits: 2 }).formatToParts(0.5).find((part) => part.type === "decimal").value;
    return `${currency}\u00a0${whole.format(BigInt(digits.slice(0, -2)))}${separated}${digits.slice(-2)}`;
  };
  const summary = (output, inputs) => {
    const chosen = inputs.filter((input) => quantity(input) > 0);
    if (!chosen.length) { output.textContent = output.dataset.none; return; }
    const licensed = chosen.filter((input) => !("usage" in input.dataset));
    const totals = new Map();
    for (const input of licensed) {
      // Who may not see prices gets none.
      if (!("tiers" in input.dataset)) continue;
      const { plan, currency, bill } = input.dataset;
      const key = `${plan.padStart(2, "0")} ${currency}`, before = totals.get(key)?.amount ?? 0n;
      totals.set(key, { amount: before + cents(input, quantity(input)), currency, bill });
    }
    const licenses = licensed.reduce((sum, input) => sum + quantity(input), 0);
    output.textContent = [
      counted(chosen.length, output.dataset, "offer"),
      counted(licenses, output.dataset, "license"),
      ...[...totals.keys()].sort().map((key) => totals.get(key)).map(({ amount, currency, bill }) => `${money(amount, currency)} ${bill}`),
    ].join(" · ");
  };

  // --- the search narrows the rows on the page while one types, if all offers are on it ---
  const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().split(/\s+/).filter(Boolean);
  const narrow = (search, table, found) => {
    const words = folded(search.value);
    let hits = 0;
    for (const row of all("tr[data-words]", table)) {
      const matches = words.every((word) => row.dataset.words.includes(word));
      row.hidden = !matches && !row.querySelector("input")?.value.trim();
      hits += matches ? 1 : 0;
    }
    found.textContent = words.length ? counted(hits, found.dataset, "found") : "";
  };
  const offers = (form) => {
    const output = form.querySelector("[data-summary]"), inputs = all("[data-licenses]", form);
    const update = form.querySelector("[data-update]");
    if (update) update.hidden = true;
    const refresh = () => {
      for (const input of inputs) input.closest("tr").classList.toggle("is-chosen", quantity(input) > 0);
      summary(output, inputs);
    };
    form.addEventListener("input", (event) => { if (event.target.matches("[data-licenses]")) refresh(); });
    if (inputs.some((input) => input.value.trim())) refresh();
    // Who names another reseller has chosen to name one.
    const other = form.querySelector("input[name=reseller_choice][value=other]");
    const list = ".reseller-choice [data-typeahead], .reseller-choice select[name=reseller]";
    const names = (event) => { if (other && event.target.closest(list) && event.target.value) other.checked = true; };
    for (const kind of ["input", "change"]) form.addEventListener(kind, names);
    const search = form.querySelector("input[type=search]"), table = form.querySelector("table[data-complete]");
    const found = form.querySelector("[data-found]");
    if (search && table && !search.value) search.addEventListener("input", () => narrow(search, table, found));
  };

  addEventListener("DOMContentLoaded", () => {
    all("form[data-offers]").forEach(offers);
  });
})();
