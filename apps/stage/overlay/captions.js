// Captions: the sentence being said, its words lighting up as they are said.

/** A caption shows at most about this many characters (two lines); longer sentences turn pages. */
const PAGE_CHARACTERS = 84;
/** After the last word a caption stays so long. */
const LINGER_MS = 900;
/** What was heard of a sentence that was cut stays so long. */
const CUT_LINGER_MS = 1200;

export class Captions {
  constructor(captionElement, noticeElement) {
    this.element = captionElement;
    this.notice = noticeElement;
    this.noticeTimer = 0;
    this.cutTimer = 0;
    this.shown = "";
    this.lit = "";
    this.spans = [];
  }

  get text() {
    return this.shown && !this.element.classList.contains("gone") ? this.element.textContent : "";
  }

  /** Shows where a timeline is at `ms`. */
  follow(timeline, ms) {
    const sentence = timeline.sentenceAt(ms);
    if (sentence === null || !sentence.text) return;
    const over = timeline.doneAt !== null && performance.now() - timeline.doneAt > LINGER_MS;
    if (over) {
      this.clear();
      return;
    }
    const words = wordsOf(sentence);
    const said = words.filter((word) => word.atMs <= ms).length;
    const page = pages(words).find((p) => said <= p.end) ?? { start: 0, end: words.length };
    this.#show(words, page, `${timeline.playing}/${sentence.index}`);
    this.#light(said - page.start, timeline.doneAt !== null);
  }

  /** She was cut off: only what was heard of the sentence stays, for a moment. */
  cut(heard) {
    if (!heard.trim()) {
      this.clear();
      return;
    }
    const words = wordsOf({ text: `${heard.trimEnd()}—`, words: [] });
    this.#show(words, pages(words).at(-1), "cut");
    this.#light(words.length, true);
    this.cutTimer = setTimeout(() => this.clear(), CUT_LINGER_MS);
  }

  showNotice(text, holdMs) {
    clearTimeout(this.noticeTimer);
    this.notice.textContent = text;
    this.notice.hidden = !text;
    this.noticeTimer = setTimeout(() => this.hideNotice(), holdMs);
  }

  hideNotice() {
    clearTimeout(this.noticeTimer);
    this.notice.hidden = true;
    this.notice.textContent = "";
  }

  /** Fades the caption out; `atOnce` takes it away between two frames. */
  clear(atOnce = false) {
    clearTimeout(this.cutTimer);
    this.element.classList.add("gone");
    this.shown = "";
    this.lit = "";
    if (atOnce) {
      this.spans = [];
      this.element.replaceChildren();
    }
  }

  #show(words, page, name) {
    const known = `${name}/${page.start}/${page.end}`;
    if (known === this.shown) return;
    this.shown = known;
    this.lit = "";
    this.spans = words.slice(page.start, page.end).map((word) => {
      const span = document.createElement("span");
      span.textContent = word.text;
      return span;
    });
    this.element.replaceChildren(...this.spans);
    this.element.classList.remove("gone");
  }

  #light(said, done) {
    const state = `${said}/${done}`;
    if (state === this.lit) return;
    this.lit = state;
    this.spans.forEach((span, number) => {
      const latest = number === said - 1 && !done;
      span.className = latest ? "now" : number < said || done ? "said" : "";
    });
  }
}

/**
 * The sentence cut into words, each with the text up to the next one and the time at which it is
 * said; words whose time has not come from the stage yet lie in the future.
 */
function wordsOf({ text, words }) {
  const times = new Map(words.map(([atMs, start]) => [start, atMs]));
  const starts = new Set([0, ...times.keys()]);
  for (const match of text.matchAll(/\S+/g)) starts.add(match.index);
  const sorted = [...starts].filter((start) => start < text.length).sort((a, b) => a - b);
  let before = Infinity;
  return sorted.map((start, number) => {
    before = times.get(start) ?? (number === 0 || !times.size ? Infinity : before);
    const known = times.has(start) || laterTimeIsKnown(times, start);
    return { atMs: known ? before : Infinity, text: text.slice(start, sorted[number + 1]) };
  });
}

function laterTimeIsKnown(times, start) {
  for (const known of times.keys()) if (known > start) return true;
  return false;
}

/** Cuts a long sentence into pages of about equal length. */
function pages(words) {
  const length = words.reduce((sum, word) => sum + word.text.length, 0);
  const target = length / Math.max(1, Math.ceil(length / PAGE_CHARACTERS));
  const found = [];
  let start = 0;
  let characters = 0;
  words.forEach((word, number) => {
    characters += word.text.length;
    const enough = characters >= target && number < words.length - 1;
    if (enough) {
      found.push({ start, end: number + 1 });
      start = number + 1;
      characters = 0;
    }
  });
  found.push({ start, end: words.length });
  return found;
}
