/**
 * Acts that a stolen session must not be able to do ask for a fresh proof of who is there. Whoever shows pages gives
 * the way to ask; the calls, which know no page, use it.
 */
import { asApiError } from './client.ts';

/** @returns whether the person proved who they are. */
type Ask = () => Promise<boolean>;

let asking: Ask | null = null;

/** @returns how to take it back. */
export function askBy(ask: Ask): () => void {
  asking = ask;
  return () => {
    if (asking === ask) asking = null;
  };
}

/**
 * Runs the act, and once more when the person has proved who they are.
 * @throws what the act throws; `reauthentication-required` where the person gave up.
 */
export async function withProof<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (asApiError(error).code !== 'reauthentication-required' || asking === null) throw error;
    if (!(await asking())) throw error;
    return act();
  }
}
