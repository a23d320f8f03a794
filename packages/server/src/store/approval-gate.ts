/** The database's own gate before a run: what it refuses, said as an error of ours. */
import { PiculusError } from '@piculus/protocol';
import { sqlState } from './availability.ts';

/** Errors of the trigger on run requests. */
const SECOND_PERSON_NEEDED = 'PA001';
const NOT_COVERED = 'PA002';

/** @throws PiculusError `approval-required`; `wrong-state` where an approval is not for what is run. */
export async function gated<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (sqlState(error) === SECOND_PERSON_NEEDED) throw new PiculusError('approval-required');
    if (sqlState(error) === NOT_COVERED)
      throw new PiculusError('wrong-state', 'something changed since it was approved');
    throw error;
  }
}
