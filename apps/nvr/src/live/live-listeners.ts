import type { LiveClient } from './live-client.js';

/** Clients by the cameras that they listen to: a message is offered to those it is for, however many others there are. */
export class LiveListeners {
  private readonly toAll = new Set<LiveClient>();
  private readonly toCamera = new Map<number, Set<LiveClient>>();
  /** The cameras under which each stands now; undefined: all. */
  private readonly filed = new Map<LiveClient, ReadonlySet<number> | undefined>();

  get size(): number {
    return this.filed.size;
  }

  add(client: LiveClient): void {
    this.remove(client);
    const { cameraIds } = client.filter;
    this.filed.set(client, cameraIds);
    if (cameraIds === undefined) this.toAll.add(client);
    for (const cameraId of cameraIds ?? []) this.ofCamera(cameraId).add(client);
  }

  remove(client: LiveClient): void {
    const cameraIds = this.filed.get(client);
    if (!this.filed.delete(client)) return;
    this.toAll.delete(client);
    for (const cameraId of cameraIds ?? []) {
      const clients = this.toCamera.get(cameraId);
      clients?.delete(client);
      if (clients?.size === 0) this.toCamera.delete(cameraId);
    }
  }

  /** Its filter may be another one now; one that has left is not taken in again. */
  refile(client: LiveClient): void {
    if (this.filed.has(client) && !areSame(this.filed.get(client), client.filter.cameraIds)) this.add(client);
  }

  /** Whoever listens to this camera. */
  *of(cameraId: number): Iterable<LiveClient> {
    yield* this.toAll;
    yield* this.toCamera.get(cameraId) ?? [];
  }

  all(): Iterable<LiveClient> {
    return this.filed.keys();
  }

  private ofCamera(cameraId: number): Set<LiveClient> {
    const known = this.toCamera.get(cameraId);
    if (known) return known;
    const clients = new Set<LiveClient>();
    this.toCamera.set(cameraId, clients);
    return clients;
  }
}

function areSame(some: ReadonlySet<number> | undefined, others: ReadonlySet<number> | undefined): boolean {
  if (some === others) return true;
  return some !== undefined && others?.size === some.size && [...some].every((cameraId) => others.has(cameraId));
}
