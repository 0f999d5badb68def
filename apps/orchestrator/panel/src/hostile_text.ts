// The orchestrator cleans chat when it comes in; this is the second line, for whatever passed.

/** Marks that turn or hide text around them, and controls (Unicode TR 9 and general category Cc). */
const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
/** The fourth combining mark in a row and all that follow it. */
const PILED_MARKS = /(\p{M}{3})\p{M}+/gu;
const SHOWN_CHARACTERS = 2_000;

/** A chat text as it may stand in a text node: one direction, no pile of accents, bounded. */
export function tamed(text: string | undefined): string {
  return tamedUpTo(SHOWN_CHARACTERS, text);
}

/** The same for texts that may be longer, or must be shorter. */
export function tamedUpTo(limit: number, text: string | undefined): string {
  const cut = (text ?? "").slice(0, limit);
  return cut.replace(INVISIBLE, "").replace(PILED_MARKS, "$1");
}
