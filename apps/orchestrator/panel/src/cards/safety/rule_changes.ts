import type { Answer } from "../../ask";
import { tamed } from "../../hostile_text";
import type { AddedRule, OwnRule, RuleAction, Safety } from "../../safety.svelte";
import type { Toasts } from "../../toasts.svelte";

const DONE: Record<RuleAction, string> = {
  allow: "Allowed from the next turn on",
  block: "Blocked from the next turn on",
};

/** Tells what became of a new rule, and offers to take it back. The words are not repeated. */
export function tellAdded(answer: Answer<AddedRule>, safety: Safety, toasts: Toasts): void {
  if (!answer.ok) {
    toasts.failed(`No rule was made: ${tamed(answer.title)}`, tamed(answer.detail));
    return;
  }
  const rule = answer.value;
  toasts.done(
    rule.new ? DONE[rule.action] : "That is a rule already",
    rule.new ? () => void takeBack(rule, safety, toasts) : null,
  );
}

async function takeBack(rule: AddedRule, safety: Safety, toasts: Toasts): Promise<void> {
  const answer = rule.replaced
    ? await safety.add(rule.replaced, rule.text)
    : await safety.remove(rule.rule_id);
  if (answer.ok) toasts.done(`Undone: ${DONE[rule.action].toLowerCase()}`);
  else toasts.failed("Not undone", "Look for it among the own rules and remove it there.");
}

export async function removeRule(rule: OwnRule, safety: Safety, toasts: Toasts): Promise<void> {
  const answer = await safety.remove(rule.rule_id);
  if (answer.ok) toasts.done("Rule removed", () => void putBack(rule, safety, toasts));
  else toasts.failed(`Not removed: ${tamed(answer.title)}`, tamed(answer.detail));
}

async function putBack(rule: OwnRule, safety: Safety, toasts: Toasts): Promise<void> {
  const answer = await safety.add(rule.action, rule.text);
  if (answer.ok) toasts.done("Undone: rule removed");
  else toasts.failed(`Not undone: ${tamed(answer.title)}`, tamed(answer.detail));
}
