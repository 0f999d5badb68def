// What is said when: mouth shapes and words of one utterance, on its own line of time.

/** A page without sound follows the stage's word of the position for this long by itself. */
const FOLLOW_MS = 1500;

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

  /** `[viseme, weight]` at a time. */
  mouthAt(ms) {
    let low = 0;
    let high = this.mouth.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.mouth[middle][0] <= ms) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? ["sil", 0] : [this.mouth[low - 1][1], this.mouth[low - 1][2]];
  }

  /** The sentence being said; between two, the one before; null before the first word. */
  sentenceAt(ms) {
    let found = null;
    for (const sentence of this.sentences) if (sentence.atMs <= ms) found = sentence;
    return found;
  }
}
