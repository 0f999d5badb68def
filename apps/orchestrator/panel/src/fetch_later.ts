type Parts = typeof import("./later");

const AFTER_MS = 1_000;

let fetching: Promise<Parts> | undefined;

/** The parts that come after the page; a failure is tried again by the next call. */
export function laterParts(): Promise<Parts> {
  fetching ??= import("./later").catch((error: unknown) => {
    fetching = undefined;
    throw error;
  });
  return fetching;
}

/**
 * Fetches them soon, not only when a card is opened: a page outlives restarts of the orchestrator,
 * and the parts of a newer build do not fit to it.
 */
export function fetchSoon(): void {
  setTimeout(() => void laterParts().catch(() => undefined), AFTER_MS);
}
