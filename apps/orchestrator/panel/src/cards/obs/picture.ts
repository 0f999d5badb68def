/** Wide enough for a dock on a sharp screen. */
const WIDTH = 640;
const WITHIN_MS = 6_000;

export interface Picture {
  /** A data address (the page's content policy allows no others); empty: there is none. */
  source: string;
  /** Why there is no new one. */
  problem: string;
}

/** What viewers see now. */
export async function latestPicture(): Promise<Picture> {
  try {
    const answer = await fetch(`/obs/screenshot?width=${WIDTH}&format=jpg`, {
      cache: "no-store",
      signal: AbortSignal.timeout(WITHIN_MS),
    });
    if (answer.ok) return { source: await dataAddress(await answer.blob()), problem: "" };
    const said = (await answer.json()) as { title?: string; detail?: string };
    return { source: "", problem: said.detail || said.title || `Refused (${answer.status})` };
  } catch (error) {
    if (
      error instanceof TypeError ||
      error instanceof DOMException ||
      error instanceof SyntaxError
    ) {
      return { source: "", problem: "No picture came." };
    }
    throw error;
  }
}

function dataAddress(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error ?? new DOMException("unreadable"));
    reader.readAsDataURL(blob);
  });
}
