/** The tables of docs/permissions.md, from the policy lines alone. */
import {
  type AccessPolicy,
  BUILT_IN_ROLES,
  LIVE_ACCESS,
  MESSAGE_ACCESS,
  type MessagePolicy,
  VERBS,
} from '@piculus/protocol';
import { ROUTES, type Route } from '@piculus/protocol/http';
import { ROUTE_NAMES } from './api-routes.ts';
import { CASE_PAGE_ROUTE } from './case-file.ts';
import { EXPORT_ROUTE } from './export.ts';
import { LIVE_ROUTE } from './live.ts';

const MARK = '<!-- generated: ';
const PARTS: Readonly<Record<string, () => string>> = { roles, routes, events: topics, messages };

/** @returns the page with each generated part written anew. @throws Error where the page lacks one. */
export function withTables(page: string): string {
  return Object.entries(PARTS).reduce((text, [name, make]) => {
    const [begin, end] = [`${MARK}${name} -->\n`, `\n${MARK}end of ${name} -->`];
    const from = text.indexOf(begin);
    const to = text.indexOf(end);
    if (from < 0 || to < from) throw new Error(`the page has no place for the ${name}`);
    return `${text.slice(0, from + begin.length)}\n${make()}\n${text.slice(to)}`;
  }, page);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function roles(): string {
  const rows = Object.entries(BUILT_IN_ROLES).map(([role, verbs]) => {
    const has: readonly string[] = verbs;
    return [role, ...VERBS.map((verb) => (has.includes(verb) ? '✓' : ''))];
  });
  return table(['Role', ...VERBS], rows);
}

function routes(): string {
  const own = ROUTE_NAMES.map((name): Route => ROUTES[name]).map((route) => ({
    call: `${route.method} ${route.path}`,
    summary: route.summary,
    access: route.access,
  }));
  const streams = [EXPORT_ROUTE, CASE_PAGE_ROUTE, LIVE_ROUTE].map(({ method, url, schema, config }) => ({
    call: `${method} ${url.replace('/api/v1', '')}`,
    summary: schema.summary,
    access: config.access,
  }));
  const rows = [...own, ...streams].map(({ call, summary, access }) => [`\`${call}\``, who(access), summary]);
  return table(['Route', 'Who', 'What'], rows);
}

function who(access: AccessPolicy): string {
  switch (access.where) {
    case 'open':
      return 'everybody';
    case 'signed-in':
      return 'signed in';
    case 'in-person':
      return 'signed in, not by a token';
    case 'somewhere':
      return `**${access.verb}** in any system`;
    case 'there':
      return `**${access.verb}** in that system`;
    case 'everywhere':
      return `**${access.verb}** in all systems`;
  }
}

function topics(): string {
  const rows = Object.entries(LIVE_ACCESS).map(([topic, access]) => [topic, who(access)]);
  return table(['Topic', 'Who is told'], rows);
}

const FROM: Readonly<Record<MessagePolicy['from'], string>> = {
  key: 'a connection by a key of an enabled system',
  client: 'a client of the system that was greeted',
};
const NAMES: Readonly<Record<MessagePolicy['names'], string>> = {
  nothing: '',
  'own-leases': 'its own leases',
  'own-command': 'a collect command that it was given',
  'own-question': 'a question that it was asked',
  'own-message': 'a message that it was sent',
};

function messages(): string {
  const rows = Object.entries(MESSAGE_ACCESS).map(([type, { from, names }]) => [
    `\`${type}\``,
    FROM[from],
    NAMES[names],
  ]);
  return table(['Message', 'Who may send it', 'What it may name'], rows);
}
