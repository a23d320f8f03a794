/**
 * Counts the places of one client that leased items take. The client's own word is used only for leases of an
 * earlier connection whose size this session never saw.
 */
interface HeldLease {
  items: number;
  seenAt: number;
}

export class Places {
  readonly total: number;
  readonly #leaseMs: number;
  readonly #leases = new Map<string, HeldLease>();
  /** Leases of an earlier connection, and the places that they were last said to take. */
  #inherited: Set<string>;
  #inheritedItems: number;

  constructor(total: number, inherited: readonly string[], leaseMs: number) {
    this.total = total;
    this.#leaseMs = leaseMs;
    this.#inherited = new Set(inherited);
    // Nothing is known of them before the first heartbeat, so nothing is given out until then.
    this.#inheritedItems = inherited.length > 0 ? total : 0;
  }

  get free(): number {
    let taken = this.#inheritedItems;
    for (const lease of this.#leases.values()) taken += lease.items;
    return Math.max(0, this.total - taken);
  }

  take(leaseId: string, items: number, nowMs: number): void {
    this.#leases.set(leaseId, { items, seenAt: nowMs });
  }

  answered(leaseId: string, items: number): void {
    const lease = this.#leases.get(leaseId);
    if (lease === undefined) return;
    lease.items -= items;
    if (lease.items <= 0) this.#leases.delete(leaseId);
  }

  drop(leaseId: string): void {
    this.#leases.delete(leaseId);
    this.#inherited.delete(leaseId);
    if (this.#inherited.size === 0) this.#inheritedItems = 0;
  }

  /** A heartbeat named these leases, of which those in `open` are still the client's. */
  heartbeat(named: readonly string[], open: ReadonlySet<string>, freePlaces: number, nowMs: number): void {
    for (const id of named) {
      const lease = this.#leases.get(id);
      if (lease !== undefined && open.has(id)) lease.seenAt = nowMs;
      if (!open.has(id)) this.drop(id);
    }
    // A lease that the client no longer names is answered, or lost and soon taken away by the rescuer.
    for (const [id, lease] of this.#leases)
      if (nowMs - lease.seenAt > this.#leaseMs * 2) this.#leases.delete(id);
    this.#inherited = new Set([...this.#inherited].filter((id) => named.includes(id)));
    let counted = 0;
    for (const lease of this.#leases.values()) counted += lease.items;
    this.#inheritedItems = this.#inherited.size === 0 ? 0 : Math.max(0, this.total - freePlaces - counted);
  }
}
