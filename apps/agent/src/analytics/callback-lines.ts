import type { HttpCallback } from './callback-parameters.js';

/** Events that wait for one address. Full: the oldest is dropped, since a newer one says more. */
const perAddressMax = 32;
/** Events that wait for all addresses, those under way included. Full: the oldest is dropped where most wait. */
const allMax = 512;
/** Addresses of one server that are posted to at a time. The others of it wait, so that it never takes all the room there is. */
const atOncePerServerMax = 4;

export interface Delivery {
  callback: HttpCallback;
  body: Buffer;
  /** Told whether it arrived: null, or why it never will. Not told of what was dropped from a line. */
  onEnd?: ((failure: string | null) => void) | undefined;
}

interface Server {
  origin: string;
  /** What waits for each of its addresses, oldest first; the address whose turn is next comes first. None is empty. */
  lines: Map<string, Delivery[]>;
  /** Addresses that are posted to now. */
  busy: Set<string>;
}

/**
 * Who waits for which address. Each address has a line, in which events keep their order; addresses of one server (scheme, host and
 * port) take turns. Where room is short, the server that most wait for gives way: one that is dead costs the others nothing. Pure.
 */
export class CallbackLines {
  private readonly servers = new Map<string, Server>();
  private count = 0;

  /** Events that wait or are under way. */
  get waiting(): number {
    return this.count;
  }

  /** Takes an event. @returns one that had to go for it, if any */
  add(delivery: Delivery): Delivery | undefined {
    const { url } = delivery.callback;
    const origin = originOf(delivery);
    const server = this.servers.get(origin) ?? { origin, lines: new Map<string, Delivery[]>(), busy: new Set<string>() };
    this.servers.set(origin, server);
    const line = server.lines.get(url) ?? [];
    server.lines.set(url, line);
    line.push(delivery);
    this.count++;
    if (line.length > perAddressMax) return this.dropOldest(server, url);
    return this.count > allMax ? this.dropWhereMostWait() : undefined;
  }

  /** What may be posted to a server now; it is under way until `end` is told of it. */
  next(origin: string): Delivery | undefined {
    const server = this.servers.get(origin);
    if (!server || server.busy.size >= atOncePerServerMax) return undefined;
    for (const [url, line] of server.lines) {
      if (server.busy.has(url)) continue;
      const delivery = line.shift();
      server.busy.add(url);
      server.lines.delete(url);
      if (line.length > 0) server.lines.set(url, line);
      return delivery;
    }
    return undefined;
  }

  /** It has arrived, or never will. */
  end(delivery: Delivery): void {
    const server = this.servers.get(originOf(delivery));
    if (!server?.busy.delete(delivery.callback.url)) return;
    this.count--;
    this.forgetIdle(server);
  }

  private dropOldest(server: Server, url: string): Delivery | undefined {
    const line = server.lines.get(url);
    const oldest = line?.shift();
    if (line?.length === 0) server.lines.delete(url);
    this.count--;
    this.forgetIdle(server);
    return oldest;
  }

  private forgetIdle({ busy, lines, origin }: Server): void {
    if (busy.size === 0 && lines.size === 0) this.servers.delete(origin);
  }

  /** There always is one: what was just added waits. */
  private dropWhereMostWait(): Delivery | undefined {
    const waitingFor = ({ lines }: Server) => [...lines.values()].reduce((sum, { length }) => sum + length, 0);
    const fullest = [...this.servers.values()].reduce((most, server) => (waitingFor(server) > waitingFor(most) ? server : most));
    const [url] = [...fullest.lines].reduce((longest, line) => (line[1].length > longest[1].length ? line : longest));
    return this.dropOldest(fullest, url);
  }
}

/** Names the server of a delivery. */
export function originOf({ callback }: Delivery): string {
  return new URL(callback.url).origin;
}
