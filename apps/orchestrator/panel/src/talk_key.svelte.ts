import type { Panel } from "./panel.svelte";

/** The talk key ends by itself after this long, so that a page that dies holds nothing. */
const AT_MOST_SECONDS = 2.5;
const RENEW_MS = 800;

/** A talk key that is held somewhere on this page: said again while it is, and let go with it. */
export class TalkKey {
  held = $state(false);
  #panel: Panel;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(panel: Panel) {
    this.#panel = panel;
  }

  hold(): void {
    if (this.held) return;
    this.held = true;
    this.#timer = setInterval(() => void this.#say(), RENEW_MS);
    void this.#say();
  }

  release(): void {
    if (!this.held) return;
    clearInterval(this.#timer);
    this.held = false;
    void this.#panel.link.send({ command: "hold_to_talk", held: false, at_most_seconds: 0 });
  }

  async #say(): Promise<void> {
    const result = await this.#panel.link.send({
      command: "hold_to_talk",
      held: true,
      at_most_seconds: AT_MOST_SECONDS,
    });
    if (result.ok || !this.held) return;
    this.release();
    this.#panel.toasts.failed(result.title, result.detail);
  }
}

/** T alone, where it would not be a letter of a text. */
export function isTalkKey(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.key.toLowerCase() !== "t") return false;
  const target = event.target instanceof Element ? event.target : null;
  return !target?.closest("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox], [type=range])");
}
