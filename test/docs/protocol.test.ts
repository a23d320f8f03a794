/** docs/protocol.md names every message, outcome and limit as the source has them. */
import { readFileSync } from 'node:fs';
import { CLIENT_MESSAGES, LIMITS, OUTCOMES, SERVER_MESSAGES } from '@piculus/protocol';
import { GATEWAY_PATH } from '@piculus/protocol/http';
import { LINK_LIMITS, natsSubjects } from '@piculus/protocol/link';
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

  it('tells the limits of a link over NATS', () => {
    const { windowPackets, windowBytes, partBytes, gapMs, signMs, silentMs } = LINK_LIMITS;
    const number = (value: number): string => value.toLocaleString('en-US');
    expect(text).toContain(`longer than ${number(partBytes)} bytes goes in parts`);
    expect(text).toContain(`after ${signMs / 1_000} s without another`);
    expect(text).toContain(`At most ${windowPackets} packets and ${number(windowBytes)} bytes`);
    expect(text).toContain(`stays away for ${gapMs / 1_000} s or nothing came for ${silentMs / 1_000} s`);
    for (const subject of [
      natsSubjects.open('<system>'),
      natsSubjects.opened('<system>', '<link>'),
      natsSubjects.up('<system>', '<node>', '<link>'),
      natsSubjects.down('<system>', '<link>'),
    ])
      expect(text).toContain(`\`${subject}\``);
  });
});
