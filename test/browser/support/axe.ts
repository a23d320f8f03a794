/** Looks for what a person with a keyboard or a screen reader would stumble over. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';

declare global {
  interface Window {
    axe?: { run(options: RunOptions): Promise<AxeResults> };
  }
}

/** WCAG 2.2 up to AA, and what is good practice beside it. */
const OPTIONS: RunOptions = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  resultTypes: ['violations'],
};
const TARGETS_MAX = 5;

/** @returns each violation in words, with what it is about and where to read more; empty where all is well. */
export async function axe(page: Page): Promise<string[]> {
  // Evaluated through the debugger, where the policy of the page does not apply; a script tag would be refused.
  if (!(await page.evaluate(() => window.axe !== undefined))) await page.evaluate(await axeSource());
  const { violations } = await page.evaluate(async (options) => {
    if (window.axe === undefined) throw new Error('axe is not there');
    return window.axe.run(options);
  }, OPTIONS);
  return violations.map(({ id, impact, help, helpUrl, nodes }) => {
    const where = nodes.slice(0, TARGETS_MAX).map((node) => {
      const why = [...node.any, ...node.all, ...node.none].map((check) => check.message);
      return `\n    ${node.target.join(' ')}: ${why.join('; ')}`;
    });
    const more = nodes.length > TARGETS_MAX ? `\n    and ${nodes.length - TARGETS_MAX} more` : '';
    return `${id} (${impact ?? 'unknown'}): ${help}\n    ${helpUrl}${where.join('')}${more}`;
  });
}

let source: Promise<string> | null = null;

function axeSource(): Promise<string> {
  source ??= readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  return source;
}
