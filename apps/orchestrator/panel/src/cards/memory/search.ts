/** Case, accents and forms of width set aside, for comparing. */
function folded(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase("en");
}

/** Whether any of some texts holds all words of `wanted`; with no words everything does. */
export function finder(wanted: string): (...texts: string[]) => boolean {
  const words = folded(wanted).split(/\s+/).filter(Boolean);
  return (...texts) => {
    const all = folded(texts.join("\n"));
    return words.every((word) => all.includes(word));
  };
}
