/* Makes a combobox (ARIA 1.2, list autocomplete) of each text field of core/typeahead.py. What is sent is the identifier
   of the chosen suggestion or what was typed; without this file the server resolves what was typed. */
const PAUSE = 200;
const language = document.documentElement.lang;
const whole = new Intl.NumberFormat(language);
const plural = new Intl.PluralRules(language);

const element = (tag, attributes, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
};
const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().trim();

class Combobox {
  constructor(root) {
    this.root = root;
    this.words = root.dataset;
    this.text = root.querySelector("input[type=text]");
    this.matches = root.querySelector("[data-typeahead-matches]");
    this.extras = JSON.parse(root.dataset.extras);
    this.options = [];
    this.active = -1;
    this.build();
    this.listen();
    this.restore();
  }

  build() {
    const { text } = this, label = document.querySelector(`label[for="${text.id}"]`);
    if (label) label.id ||= `${text.id}_label`;
    this.list = element("ul", { class: "typeahead-list", role: "listbox", id: `${text.id}_list`, hidden: "" });
    if (label) this.list.setAttribute("aria-labelledby", label.id);
    this.status = element("span", { class: "visually-hidden", role: "status" });
    // The text goes nameless: only the hidden field is sent, in the same place and under the same name.
    this.sent = element("input", { type: "hidden", name: text.name });
    text.removeAttribute("name");
    text.after(this.sent, this.list, this.status);
    const roles = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id, spellcheck: "false" };
    for (const [name, value] of Object.entries(roles)) text.setAttribute(name, value);
  }

  listen() {
    const { text, list } = this;
    text.addEventListener("input", () => this.typed());
    text.addEventListener("keydown", (event) => this.pressed(event));
    text.addEventListener("click", () => { if (!this.isOpen) this.ask(0); });
    text.addEventListener("blur", () => this.close());
    // The focus stays in the text field, as the pattern wants it.
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.choose(Number(option.dataset.index));
    });
    addEventListener("pageshow", () => this.restore());
  }

  // Going back, a browser may bring back what was typed, but never what this script had put beside it.
  restore() {
    if (this.sent.value) return;
    this.sent.value = this.text.value === this.text.defaultValue && this.words.key ? this.words.key : this.text.value;
  }

  get isOpen() { return !this.list.hidden; }

  typed() {
    this.sent.value = this.text.value;
    this.forget();
    this.ask(PAUSE);
  }

  // The radio buttons belong to what was typed before.
  forget() {
    if (!this.matches) return;
    this.matches.remove();
    this.matches = null;
  }

  pressed(event) {
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    const { key } = event;
    if (key === "ArrowDown" || key === "ArrowUp") {
      event.preventDefault();
      if (!this.isOpen) this.ask(0, key === "ArrowUp" ? -1 : 0);
      else if (key === "ArrowUp" && event.altKey) this.close();
      else this.move(this.active + (key === "ArrowDown" ? 1 : -1));
    } else if (key === "Enter" && this.isOpen && this.active >= 0) {
      event.preventDefault();
      this.choose(this.active);
    } else if (key === "Escape" && (this.isOpen || this.waiting)) {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    }
  }

  // --- suggestions: the newest question is the only one that is answered ---
  ask(pause, active = null) {
    this.stop();
    this.waiting = setTimeout(() => this.fetch(active), pause);
  }

  stop() {
    clearTimeout(this.waiting);
    this.waiting = null;
    this.request?.abort();
  }

  async fetch(active) {
    const request = this.request = new AbortController();
    // A chosen entry is no search: with its words in the field, the list shows what else there is.
    const text = this.isChosen ? "" : this.text.value.trim();
    try {
      const address = new URL(this.words.typeahead, location.href);
      address.searchParams.set("q", text);
      const answer = await fetch(address, { signal: request.signal, headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(answer.statusText);
      const { results, more } = await answer.json();
      if (request.signal.aborted) return;
      const typed = folded(text), extras = this.extras.filter(({ label, value }) => folded(label).includes(typed) || (typed && folded(value) === typed));
      this.show([...extras, ...results], more, results.length, active);
    } catch {
      if (request.signal.aborted) return;
      this.close();
      this.say(this.words.failed, true);
    } finally {
      if (this.request === request) this.waiting = null;
    }
  }

  get isChosen() { return this.sent.value !== this.text.value || !this.text.value; }

  show(options, more, found, active) {
    this.options = options;
    this.list.replaceChildren(...options.map((option, index) => this.item(option, index)));
    this.active = -1;
    if (!options.length) { this.close(); this.say(this.words.none, true); return; }
    this.list.hidden = false;
    this.text.setAttribute("aria-expanded", "true");
    this.text.removeAttribute("aria-activedescendant");
    if (active !== null) this.move(active);
    const words = more ? this.words.more : this.words[plural.select(options.length) === "one" ? "foundOne" : "foundOther"];
    this.say(words.replace("%(number)s", whole.format(more ? found : options.length)));
  }

  item({ label, note }, index) {
    const made = element("li", { role: "option", id: `${this.list.id}_${index}`, "aria-selected": "false", "data-index": index }, element("bdi", {}, label));
    if (note) made.append(element("span", { class: "typeahead-note" }, note));
    return made;
  }

  // Round the end and back: from the field itself, up leads to the last one.
  move(wanted) {
    const { length } = this.options;
    if (!length) return;
    this.mark(false);
    this.active = (wanted + length) % length;
    this.mark(true);
  }

  mark(isActive) {
    const option = this.list.children[this.active];
    if (!option || this.active < 0) return;
    option.setAttribute("aria-selected", String(isActive));
    if (!isActive) return;
    this.text.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  choose(index) {
    const { value, label } = this.options[index];
    this.text.value = label;
    this.sent.value = value;
    this.forget();
    this.close();
    this.say(label);
  }

  close() {
    this.stop();
    this.list.hidden = true;
    this.active = -1;
    this.text.setAttribute("aria-expanded", "false");
    this.text.removeAttribute("aria-activedescendant");
    this.say("");
  }

  // For the ear; what leaves the list empty is shown to the eye as well.
  say(words, visible = false) {
    this.status.textContent = words;
    this.status.className = visible ? "typeahead-list typeahead-empty" : "visually-hidden";
  }
}

for (const root of document.querySelectorAll("[data-typeahead]")) new Combobox(root);
