import { Tooltip } from '@mantine/core';
import { SCENARIOS } from '@piculus/protocol';
import type { Problem } from '@piculus/protocol/http';
import { inLanguage } from './words.ts';

/** A scenario's code and its sentence. `short`: the sentence only on hover and for screen readers. */
export function Scenario({ of, short = false }: { of: Problem['scenario']; short?: boolean }) {
  const sentence = inLanguage(SCENARIOS[of].sentence);
  if (short) {
    return (
      <Tooltip label={sentence} multiline w={320}>
        <abbr className="scenario-code" title={sentence}>
          {of}
        </abbr>
      </Tooltip>
    );
  }
  return (
    <span className="scenario">
      <span className="scenario-code">{of}</span> {sentence}
    </span>
  );
}
