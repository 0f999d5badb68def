import type { TurnStages } from "./contracts";

/** The parts of a turn's time, in the order in which they happen. Colours: Okabe and Ito. */
export interface Stage {
  name: string;
  title: string;
  colour: string;
  field: keyof TurnStages;
}

export const STAGES: readonly Stage[] = [
  { name: "wait", title: "Wait", colour: "repeating-linear-gradient(115deg, #9aa3b5 0 2px, #4d566b 2px 5px)", field: "wait_ms" },
  { name: "recognition", title: "Recogniser", colour: "#a58bff", field: "recognition_ms" },
  { name: "first_token", title: "First token", colour: "#2c7fb8", field: "first_token_ms" },
  { name: "policy", title: "First sentence", colour: "#56b4e9", field: "policy_first_sentence_ms" },
  { name: "gate", title: "Gate", colour: "#f0e442", field: "gate_ms" },
  { name: "tts", title: "Voice", colour: "#19b48a", field: "tts_first_chunk_ms" },
  { name: "playback", title: "Playback", colour: "#e69f00", field: "playback_start_ms" },
  { name: "bus", title: "Bus", colour: "#cc79a7", field: "bus_ms" },
];

/** The stages that a turn reached, one behind the other: the first sentence without its first token. */
export function partsOf(stages: TurnStages): readonly (Stage & { ms: number })[] {
  return STAGES.map((stage) => ({
    ...stage,
    ms: (stages[stage.field] ?? 0) - (stage.name === "policy" ? (stages.first_token_ms ?? 0) : 0),
  })).filter(({ ms }) => ms > 0);
}

export function sumOfStages(stages: TurnStages): number {
  return partsOf(stages).reduce((sum, { ms }) => sum + ms, 0);
}
