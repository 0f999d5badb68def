import type { TurnStages } from "./contracts";

/** The parts of a turn's time, in the order in which they happen. Colours: Okabe and Ito. */
export interface Stage {
  name: string;
  title: string;
  colour: string;
  field: keyof TurnStages;
}

export const STAGES: readonly Stage[] = [
  { name: "wait", title: "Wait", colour: "#9aa3b5", field: "wait_ms" },
  { name: "policy", title: "Policy", colour: "#56b4e9", field: "policy_first_sentence_ms" },
  { name: "gate", title: "Gate", colour: "#f0e442", field: "gate_ms" },
  { name: "tts", title: "Voice", colour: "#19b48a", field: "tts_first_chunk_ms" },
  { name: "playback", title: "Playback", colour: "#e69f00", field: "playback_start_ms" },
  { name: "bus", title: "Bus", colour: "#cc79a7", field: "bus_ms" },
];

export function sumOfStages(stages: TurnStages): number {
  return STAGES.reduce((sum, stage) => sum + (stages[stage.field] ?? 0), 0);
}
