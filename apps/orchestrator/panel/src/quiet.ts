import { ask } from "./ask";
import { tamed } from "./hostile_text";
import type { Toasts } from "./toasts.svelte";

const MINUTE_SECONDS = 60;

/** Quiet for so many minutes from now; 0 ends it. Undo brings back what was before. */
export async function setQuiet(
  minutes: number,
  before: number | null,
  toasts: Toasts,
): Promise<void> {
  const was = minutesLeft(before);
  const done = minutes > 0 ? `Quiet for ${minutes} minutes` : "Quiet is over";
  const answer = await ask("POST", "/floor/quiet", { minutes });
  if (answer.ok) toasts.done(done, () => void undo(was, done, toasts));
  else toasts.failed(`Quiet is as it was: ${tamed(answer.title)}`, tamed(answer.detail));
}

async function undo(minutes: number, done: string, toasts: Toasts): Promise<void> {
  const answer = await ask("POST", "/floor/quiet", { minutes });
  if (answer.ok) toasts.done(`Undone: ${done}`);
  else toasts.failed(`Not undone: ${tamed(answer.title)}`, tamed(answer.detail));
}

function minutesLeft(until: number | null): number {
  const seconds = (until ?? 0) - Date.now() / 1_000;
  return seconds > 0 ? Math.ceil(seconds / MINUTE_SECONDS) : 0;
}
