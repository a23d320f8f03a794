/**
 * Tells the dispatcher of places that became free: at once where a good part of a client's places is, otherwise a moment
 * later, so that what waits leaves in batches. A click does not wait for that: it wakes the dispatcher by itself.
 */
import type { Clock } from '../base/clock.ts';
import { hasRoom } from '../base/room.ts';
import type { Session, Wake } from '../base/services.ts';

/** One free place waits no longer than this for others. */
const GATHER_MS = 20;

export class FreedPlaces {
  readonly #clock: Clock;
  readonly #wake: Wake;
  readonly #stopping: AbortSignal;
  #planned = false;

  constructor({ clock, wake }: { readonly clock: Clock; readonly wake: Wake }, stopping: AbortSignal) {
    this.#clock = clock;
    this.#wake = wake;
    this.#stopping = stopping;
  }

  of(session: Pick<Session, 'places' | 'freePlaces'>): void {
    if (hasRoom(session)) this.#wake.notify('dispatch');
    else if (!this.#planned) void this.#later();
  }

  async #later(): Promise<void> {
    this.#planned = true;
    await this.#clock.sleep(GATHER_MS, this.#stopping);
    this.#planned = false;
    this.#wake.notify('dispatch');
  }
}
