/** docs/protocol.md names every message, outcome and limit as the source has them. */
import { readFileSync } from 'node:fs';
import { CLIENT_MESSAGES, LIMITS, OUTCOMES, SERVER_MESSAGES } from '@piculus/protocol';
import { GATEWAY_PATH } from '@piculus/protocol/http';
import { describe, expect, it } from 'vitest';

const text = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');

describe('docs/protocol.md', () => {
  it.each([...Object.keys(CLIENT_MESSAGES), ...Object.keys(SERVER_MESSAGES)])(
    'tells of the message %s',
    (type) => {
      expect(text).toContain(`\`${type}\``);
    },
  );

  it.each(Object.entries(OUTCOMES))('tells the outcome %s as the table has it', (name, rule) => {
    const yes = (value: boolean): string => (value ? 'yes' : 'no');
    const row = text.split('\n').find((line) => line.startsWith(`| ${rule.number} | \`${name}\` |`));
    expect(row).toMatch(new RegExp(`\\| ${yes(rule.retryHelps)} \\| ${yes(rule.usesRetry)} \\|$`));
  });

  it('tells the address and the limits', () => {
    expect(text).toContain(`\`${GATEWAY_PATH}\``);
    expect(text).toContain(
      `${LIMITS.messageBytes.toLocaleString('en-US')} bytes and ${LIMITS.messageDepth} levels`,
    );
    expect(text).toContain(`at most ${LIMITS.problemsPerMessage} and within`);
    expect(text).toContain(`At most ${LIMITS.unacknowledgedReports} \`problems\` messages`);
    expect(text).toContain(`nothing was heard for ${LIMITS.silenceMs / 1_000} s`);
  });
});
