import { createContext } from "svelte";
import { Link, type Draft, type Result } from "./link.svelte";
import { Memory } from "./memory.svelte";
import { Panic } from "./panic.svelte";
import { Safety } from "./safety.svelte";
import { Show } from "./show.svelte";
import { Toasts } from "./toasts.svelte";

/** What every part of the panel can reach: the show, and the ways to change it. */
export class Panel {
  readonly show = new Show();
  readonly memory = new Memory();
  readonly safety = new Safety();
  readonly toasts = new Toasts();
  readonly link = new Link((messages) => this.show.take(messages));
  readonly panic = new Panic(this.link, this.show);

  /** Carries a command out and says so; `inverse` is what Undo sends. */
  async change(draft: Draft, done: string, inverse: Draft | null = null): Promise<Result> {
    const result = await this.link.send(draft);
    if (result.ok) {
      this.toasts.done(done, inverse && (() => void this.change(inverse, `Undone: ${done}`)));
    } else {
      this.toasts.failed(result.title, result.detail);
    }
    return result;
  }
}

export const [usePanel, providePanel] = createContext<Panel>();
