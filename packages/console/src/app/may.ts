/** What a person may do, from what the server says of them. */
import type { Verb } from '@piculus/protocol';
import type { Me } from '@piculus/protocol/http';

/** What the person may do, so that the rest is not offered; the server decides again at each call. */
export interface May {
  /** Without a system: in all of them, present and future. */
  may(verb: Verb, sysCode?: string): boolean;
  /** In one system at least. */
  mayAnywhere(verb: Verb): boolean;
}

/** @param access as the server tells it. */
export function mayOf(access: Me['access']): May {
  return {
    may(verb, sysCode) {
      const places = access[verb];
      return places === 'all' || (sysCode !== undefined && places.includes(sysCode));
    },
    mayAnywhere: (verb) => access[verb] === 'all' || access[verb].length > 0,
  };
}
