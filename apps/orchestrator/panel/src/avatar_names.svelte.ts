import { ask } from "./ask";
import type { AvatarsStatus, AvatarStatus } from "./contracts";

const AGAIN_MS = 1_000;

/** What the avatars have, by name. It may be much, so it is fetched only when it has changed. */
export class AvatarNames {
  told = $state.raw<AvatarsStatus | null>(null);
  #wanted = "";
  #asking = false;

  /** The names that the status speaks of now; empty: none are wanted. */
  want(names: string): void {
    this.#wanted = names;
    if (!this.#asking) void this.#fetch();
  }

  of(id: string): AvatarStatus | undefined {
    return this.told?.avatars?.find((one) => one.id === id);
  }

  /** Until what is told is what is wanted. */
  async #fetch(): Promise<void> {
    this.#asking = true;
    while (this.#wanted && this.#wanted !== this.told?.names) {
      const answer = await ask<AvatarsStatus>("GET", "/avatar");
      if (answer.ok) this.told = answer.value;
      if (this.#wanted !== this.told?.names) {
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
    this.#asking = false;
  }
}
