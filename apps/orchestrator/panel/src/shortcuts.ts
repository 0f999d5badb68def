const TWICE_WITHIN_MS = 600;

/** Feeds on key events; says true for F9 and for the second of two quick presses of Escape. */
export class PanicKeys {
  #escapeAt = -Infinity;

  isPanic(event: KeyboardEvent): boolean {
    if (event.repeat) return false;
    if (event.key === "F9") return true;
    if (event.key !== "Escape") return false;
    const twice = event.timeStamp - this.#escapeAt <= TWICE_WITHIN_MS;
    this.#escapeAt = twice ? -Infinity : event.timeStamp;
    return twice;
  }
}

export function isUndo(event: KeyboardEvent): boolean {
  const command = event.ctrlKey || event.metaKey;
  return command && !event.shiftKey && event.key.toLowerCase() === "z" && !isTyping(event.target);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement && target.type === "text";
}
