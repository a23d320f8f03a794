/** What a fix would do now, without a fence, a journal entry or any other trace. */
import { LIMITS, type PlanStep, type PreviewResult } from '@piculus/protocol';
import type { Command } from '../fix.ts';
import { maskFacts, NO_FACTS, type PersonalTable } from '../masking/facts.ts';
import { scrubText } from '../masking/mask.ts';
import { boundText, describeError, storable } from '../masking/text.ts';
import type { AnyFix } from './any-fix.ts';

export async function previewFix<Tx>(
  personal: PersonalTable,
  fix: AnyFix<Tx>,
  previewId: string,
  command: Command,
  signal: AbortSignal,
): Promise<PreviewResult> {
  const about = { previewId, fixCode: command.fixCode, businessKey: command.businessKey };
  let seen: ReturnType<typeof maskFacts> | typeof NO_FACTS = NO_FACTS;
  const scrub = (text: string): string =>
    boundText(
      scrubText(storable(text), seen.personal, [command.businessKey, command.amountMinor, ...seen.harmless]),
      LIMITS.reasonLength,
    );
  try {
    const evidence = await fix.examine(command, signal);
    seen = maskFacts(fix.facts(evidence), personal);
    const plan = fix.plan(command, evidence);
    const steps: readonly PlanStep[] = plan.verdict === 'act' ? plan.steps : [];
    return {
      ...about,
      verdict: plan.verdict,
      scenario: plan.scenario,
      reason: scrub(plan.reason),
      steps: steps.slice(0, LIMITS.effectsPerResult).map((step) => asWireStep(step, scrub)),
      facts: seen.facts,
    };
  } catch (error) {
    const reason = scrub(describeError(error));
    return { ...about, verdict: 'failed', scenario: null, reason, steps: [], facts: seen.facts };
  }
}

/** A fix's own step may carry more than the wire allows, for instance what `apply` needs. */
function asWireStep(step: PlanStep, scrub: (text: string) => string): PlanStep {
  const { kind, key, amountMinor, currency, text } = step;
  return { kind, key, amountMinor, currency, text: { en: scrub(text.en), zh: scrub(text.zh) } };
}
