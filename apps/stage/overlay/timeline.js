// What is said when: mouth shapes and words of one utterance, on its own line of time.

/** A page without sound follows the stage's word of the position for this long by itself. */
const FOLLOW_MS = 1500;
/** One mouth shape passes into the next from so long before its time until so long after. */
const MOST_BLEND_MS = 38;
/** No word is being said. */
export const SHUT = [["sil", 0, 1]];

export class Timeline {
  constructor(playing, rateHz) {
    this.playing = playing;
    this.rateHz = rateHz;
    this.sentences = [];
    this.mouth = [];
    this.told = null; // { samples, at }: the stage's word, for pages that do not sound
    this.still = false;
    this.doneAt = null;
  }

  /** Adds what is new of a sentence; its cues come in order. */
  add(message) {
    let sentence = this.sentences.find((known) => known.index === message.index);
    if (!sentence) {
      sentence = { index: message.index, atMs: message.at_ms, text: "", words: [] };
      this.sentences.push(sentence);
      this.sentences.sort((a, b) => a.atMs - b.atMs);
    }
    sentence.text = message.text || sentence.text;
    sentence.words.push(...message.words);
    this.mouth.push(...message.mouth);
    this.mouth.sort((a, b) => a[0] - b[0]);
  }

  follow(samples) {
    this.told = { samples, at: performance.now() };
  }

  followedPosition(at) {
    if (this.told === null) return 0;
    if (this.still) return this.told.samples;
    const passedMs = Math.min(Math.max(0, at - this.told.at), FOLLOW_MS);
    return this.told.samples + (passedMs / 1000) * this.rateHz;
  }

  /** In a pause it stays where it is, for pages that do not sound. */
  stand(still) {
    if (still === this.still) return;
    if (this.told !== null) this.follow(this.followedPosition(performance.now()));
    this.still = still;
  }

  /**
   * The mouth at a time, as cues `[viseme, weight, share]` whose shares add up to 1. Around its
   * beginning a cue is mixed with the one before, as far before as after: no lag, no flapping. Each
   * is reached, however short it is.
   */
  cuesAt(ms) {
    const at = this.#indexAt(ms);
    const next = at + 1;
    if (next < this.mouth.length) {
      const into = ms - this.mouth[next][0];
      const half = this.#blendMs(next);
      if (into > -half) return this.#mixed(next, 0.5 + into / half / 2);
    }
    if (at < 0) return SHUT;
    const since = ms - this.mouth[at][0];
    const half = this.#blendMs(at);
    return since < half ? this.#mixed(at, 0.5 + since / half / 2) : [[...this.#cue(at), 1]];
  }

  /** The last cue that has begun; -1 before the first. */
  #indexAt(ms) {
    let low = 0;
    let high = this.mouth.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.mouth[middle][0] <= ms) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #cue(index) {
    return index < 0 ? ["sil", 0] : [this.mouth[index][1], this.mouth[index][2]];
  }

  #mixed(index, passed) {
    const share = passed * passed * (3 - 2 * passed);
    return [[...this.#cue(index - 1), 1 - share], [...this.#cue(index), share]];
  }

  /** Half as long as the passage to a cue takes: at most half of either neighbour. */
  #blendMs(index) {
    const begins = this.mouth[index][0];
    const before = index > 0 ? begins - this.mouth[index - 1][0] : Infinity;
    const after = index + 1 < this.mouth.length ? this.mouth[index + 1][0] - begins : Infinity;
    return Math.max(1, Math.min(MOST_BLEND_MS, before / 2, after / 2));
  }

  /** The sentence being said; between two, the one before; null before the first word. */
  sentenceAt(ms) {
    let found = null;
    for (const sentence of this.sentences) if (sentence.atMs <= ms) found = sentence;
    return found;
  }
}
