import { ask, type Answer, type Refused } from "./ask";

/** Longest text of a rule. */
export const RULE_LIMIT = 100;

export type RuleAction = "allow" | "block";

/** A text that the gate changed or stopped lately. */
export interface BlockedText {
  readonly id: string;
  readonly at: number;
  readonly place: string;
  readonly action: string;
  readonly rule: string;
  readonly category: string;
  readonly author: string;
  /** Empty: it came to nobody's ears in time. */
  readonly text: string;
  /** The words that made the rule speak; empty where that is not known. */
  readonly matched: string;
  readonly can_allow: boolean;
  /** What an own rule does with those words now. */
  readonly own_rule: RuleAction | "";
}

export interface OwnRule {
  readonly rule_id: string;
  readonly action: RuleAction;
  readonly text: string;
  readonly by: string;
  readonly made_at: number;
}

export interface AddedRule extends OwnRule {
  /** False: it was there already. */
  readonly new: boolean;
  readonly replaced: RuleAction | null;
}

/** What the gate stopped, and the show's own rules, as they were when last asked for. */
export class Safety {
  blocked = $state.raw<readonly BlockedText[]>([]);
  rules = $state.raw<readonly OwnRule[]>([]);
  known = $state(false);
  problem = $state.raw<Refused | null>(null);
  #loading = false;
  #again = false;

  /** While one request runs, all further wishes become one more after it. */
  async load(): Promise<void> {
    if (this.#loading) {
      this.#again = true;
      return;
    }
    this.#loading = true;
    do {
      this.#again = false;
      await this.#read();
    } while (this.#again);
    this.#loading = false;
  }

  /** Nothing of what was stopped stays here. */
  drop(): void {
    this.blocked = [];
    this.known = false;
  }

  add(action: RuleAction, text: string): Promise<Answer<AddedRule>> {
    return this.#changed(ask("POST", "/safety/rules", { action, text }));
  }

  /** A rule for the words by which a text was stopped. */
  addFor(action: RuleAction, blockedId: string): Promise<Answer<AddedRule>> {
    return this.#changed(ask("POST", "/safety/rules", { action, blocked_id: blockedId }));
  }

  remove(ruleId: string): Promise<Answer<object>> {
    return this.#changed(ask("DELETE", `/safety/rules/${encodeURIComponent(ruleId)}`));
  }

  async #read(): Promise<void> {
    const [blocked, rules] = await Promise.all([
      ask<{ blocked: readonly BlockedText[] }>("GET", "/safety/blocked"),
      ask<{ rules: readonly OwnRule[] }>("GET", "/safety/rules"),
    ]);
    if (blocked.ok) this.blocked = blocked.value.blocked;
    if (rules.ok) this.rules = rules.value.rules;
    this.known = this.known || (blocked.ok && rules.ok);
    this.problem = [blocked, rules].find((answer): answer is Refused => !answer.ok) ?? null;
  }

  async #changed<Value>(order: Promise<Answer<Value>>): Promise<Answer<Value>> {
    const answer = await order;
    await this.load();
    return answer;
  }
}
