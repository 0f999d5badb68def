import type { Panel } from "../../panel.svelte";

/** One press, and one to take it back. */
export function mute(panel: Panel, muted: boolean): void {
  void panel.change(
    { command: "set_microphone", muted },
    muted ? "She does not hear you; the stream still does" : "She hears you again",
    { command: "set_microphone", muted: !muted },
  );
}
