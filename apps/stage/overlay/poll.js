// The poll: its question, what can be voted for, how many did, and how long one may.

export class Poll {
  constructor(element) {
    this.element = element;
    this.endsAt = 0;
    this.clock = null;
    setInterval(() => this.#tick(), 250);
  }

  get text() {
    return this.element.hidden ? "" : this.element.innerText;
  }

  /** The whole of it; without a question it is gone. `options` are `[text, votes]`. */
  show({ question, options, left_ms }) {
    if (!question || !Array.isArray(options)) {
      this.clear();
      return;
    }
    this.endsAt = performance.now() + (Number(left_ms) || 0);
    const most = Math.max(0, ...options.map(([, votes]) => votes));
    const all = options.reduce((sum, [, votes]) => sum + votes, 0);
    const head = line("h2", String(question));
    this.clock = line("span", "");
    head.append(this.clock);
    const rows = options.map(([text, votes], number) => {
      const row = line("li", "");
      row.classList.toggle("ahead", votes > 0 && votes === most);
      row.style.setProperty("--share", all ? votes / all : 0);
      row.append(line("b", `${number + 1}`), line("span", String(text)), line("i", `${votes}`));
      return row;
    });
    const list = document.createElement("ol");
    list.append(...rows);
    this.element.replaceChildren(head, list);
    this.element.hidden = false;
    this.#tick();
  }

  clear() {
    this.element.hidden = true;
    this.element.replaceChildren();
    this.clock = null;
  }

  #tick() {
    if (this.clock === null) return;
    const left = Math.ceil((this.endsAt - performance.now()) / 1000);
    this.clock.textContent = left > 0 ? `${left} s` : "";
    this.element.classList.toggle("over", left <= 0);
  }
}

/** Text stays text, whatever it says. */
function line(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}
