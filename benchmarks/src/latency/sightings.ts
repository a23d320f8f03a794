/** Says when a durable row can be seen by somebody else: asks the database over and over while somebody waits. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

const PAUSE_MS = 1;

export class Sightings {
  readonly #db: pg.Client;
  readonly #question: string;
  readonly #waiting = new Map<string, PromiseEnds>();
  #asking = false;

  private constructor(db: pg.Client, question: string) {
    this.#db = db;
    this.#question = question;
  }

  /** @param question SQL that answers, of the ids in $1, those that are there, as `id`. */
  static async open(databaseUrl: string, question: string): Promise<Sightings> {
    const db = new pg.Client({ connectionString: databaseUrl });
    await db.connect();
    return new Sightings(db, question);
  }

  /** Resolves with the moment (`performance.now()`) when its row was seen. */
  seen(id: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      if (!this.#asking) void this.#ask();
    });
  }

  async close(): Promise<void> {
    await this.#db.end();
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    try {
      while (this.#waiting.size > 0) {
        const { rows } = await this.#db.query<{ id: string }>({
          name: 'sightings',
          text: this.#question,
          values: [[...this.#waiting.keys()]],
        });
        for (const { id } of rows) {
          this.#waiting.get(id)?.resolve(performance.now());
          this.#waiting.delete(id);
        }
        await sleep(PAUSE_MS);
      }
    } catch (error) {
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    }
    this.#asking = false;
  }
}

interface PromiseEnds {
  resolve(seenAt: number): void;
  reject(error: unknown): void;
}
