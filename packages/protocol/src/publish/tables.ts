/** The protocol's tables as plain data, for those who write a client in another language. */
import { ERRORS } from '../errors.ts';
import { GATEWAY_PATH } from '../http/routes.ts';
import { LIMITS } from '../limits.ts';
import { PROTOCOL_VERSION } from '../messages/index.ts';
import { OUTCOMES } from '../outcomes.ts';
import { SCENARIOS, SEED_FIX_CODES } from '../scenarios.ts';

export function protocolTables(): Record<string, unknown> {
  return {
    protocolVersion: PROTOCOL_VERSION,
    gatewayPath: GATEWAY_PATH,
    outcomes: OUTCOMES,
    scenarios: SCENARIOS,
    fixCodes: SEED_FIX_CODES,
    errors: ERRORS,
    limits: LIMITS,
  };
}
