import type { ModuleStatus, StudioPanicStatus } from "./contracts";

/** refused: it answered, but not to this browser. */
export type DirectLatch = "latched" | "unreachable" | "refused";

/** What the output modules said when this page pressed panic at each of them itself. */
export interface DirectPanic {
  readonly modules: Readonly<Record<string, DirectLatch>>;
  readonly obs: StudioPanicStatus | null;
  /** On the clock of `performance.now()`. */
  readonly at: number;
}

interface Answer {
  latch: DirectLatch;
  obs: StudioPanicStatus | null;
}

const WITHIN_MS = 1_000;

/** Presses panic at every output module that has not latched by `known`. */
export async function pressAtModules(
  modules: Readonly<Record<string, ModuleStatus>>,
  known: DirectPanic | null,
): Promise<DirectPanic> {
  const found: Record<string, DirectLatch> = { ...known?.modules };
  let obs = known?.obs ?? null;
  const press = async (id: string, module: ModuleStatus) => {
    const answer = await pressAtModule(id, module);
    found[id] = answer.latch;
    obs = answer.obs ?? obs;
  };
  const waiting = Object.entries(modules).filter(
    ([id, module]) => module.output && found[id] !== "latched",
  );
  await Promise.all(waiting.map(([id, module]) => press(id, module)));
  return { modules: found, obs, at: performance.now() };
}

export function latches(direct: DirectPanic | null): readonly DirectLatch[] {
  return Object.values(direct?.modules ?? {});
}

/** Each instance must latch; the port that the module has by the settings may be nobody's. */
async function pressAtModule(id: string, module: ModuleStatus): Promise<Answer> {
  const answers = await Promise.all((module.ports ?? []).map((port) => pressAt(id, port)));
  const latched = answers.filter(({ latch }) => latch === "latched").length;
  const refused = answers.some(({ latch }) => latch === "refused");
  const enough = latched >= Math.max(1, module.instances ?? 1);
  return {
    latch: enough ? "latched" : refused ? "refused" : "unreachable",
    obs: answers.find((answer) => answer.obs)?.obs ?? null,
  };
}

/**
 * A request so plain that the browser asks nobody first. The module knows this page by its origin
 * and this browser by the panel's cookie, which counts for every port of the host.
 */
async function pressAt(id: string, port: number): Promise<Answer> {
  try {
    const answer = await fetch(`${location.protocol}//${location.hostname}:${port}/panic`, {
      method: "POST",
      credentials: "include",
      body: JSON.stringify({ by: "panel" }),
      signal: AbortSignal.timeout(WITHIN_MS),
    });
    if (!answer.ok) return { latch: "refused", obs: null };
    const said = (await answer.json()) as {
      module?: string;
      engaged?: boolean;
      obs?: StudioPanicStatus;
    };
    const latched = said.module === id && said.engaged === true;
    return { latch: latched ? "latched" : "refused", obs: said.obs ?? null };
  } catch (error) {
    if (
      error instanceof TypeError ||
      error instanceof DOMException ||
      error instanceof SyntaxError
    ) {
      return { latch: "unreachable", obs: null };
    }
    throw error;
  }
}
