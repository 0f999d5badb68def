export type Answer<Value> = { ok: true; value: Value } | Refused;
export interface Refused {
  ok: false;
  title: string;
  /** The step that mends it. */
  detail: string;
}

const WITHIN_MS = 10_000;

const NOT_REACHED: Refused = {
  ok: false,
  title: "The orchestrator does not answer",
  detail: "Nothing is known of what it did. Look whether it runs (kitsu status), then try again.",
};
const NOT_SIGNED_IN: Refused = {
  ok: false,
  title: "This browser is not signed in",
  detail: "Open the panel with “kitsu panel”.",
};
const BROKEN = "Its log says why: look for a full disk or a locked file, then try again.";

/** One request to the page's own server, with its cookie; never throws for what a server can do. */
export async function ask<Value>(
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: object,
): Promise<Answer<Value>> {
  try {
    const answer = await fetch(path, {
      method,
      cache: "no-store",
      signal: AbortSignal.timeout(WITHIN_MS),
      ...(body && {
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    });
    if (answer.ok) return { ok: true, value: (await answer.json()) as Value };
    if (answer.status === 401) return NOT_SIGNED_IN;
    return { ok: false, ...(await explained(answer)) };
  } catch (error) {
    if (isOutage(error)) return NOT_REACHED;
    throw error;
  }
}

/** What a problem document says; a server that broke down may have sent anything instead. */
async function explained(answer: Response): Promise<{ title: string; detail: string }> {
  const nothing = { title: `The orchestrator could not do it (${answer.status})`, detail: BROKEN };
  try {
    const said = (await answer.json()) as { title?: unknown; detail?: unknown } | null;
    const title = typeof said?.title === "string" && said.title ? said.title : nothing.title;
    const detail = typeof said?.detail === "string" && said.detail ? said.detail : "";
    return { title, detail: detail || (answer.status >= 500 ? BROKEN : "") };
  } catch (error) {
    if (error instanceof SyntaxError) return nothing;
    throw error;
  }
}

function isOutage(error: unknown): boolean {
  return (
    error instanceof TypeError || error instanceof DOMException || error instanceof SyntaxError
  );
}
