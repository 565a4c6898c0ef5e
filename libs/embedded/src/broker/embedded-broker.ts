import { createServer, type Server } from 'node:net';
import { AppError } from '@nightjar/runtime';
import { statusMessage, type BrokerMessage } from './broker-message.js';
import { ClientConnection, type ConnectionLimits } from './client-connection.js';
import { Interest, type Subscription } from './interest.js';
import { JetStream } from './jetstream/jetstream.js';

const connectionsMax = 1_024;

/** The largest message that the product's bus carries, on the real server and on this one. */
export const busPayloadBytesMax = 8 * 1024 * 1024;

const connectionLimits: ConnectionLimits = {
  payloadBytesMax: busPayloadBytesMax,
  subscriptionsMax: 10_000,
  unsentBytesMax: 64 * 1024 * 1024,
};

/**
 * A broker that speaks the NATS client protocol, for machines without nats-server: subjects with wildcards, queue groups,
 * headers, "no responders", a token, and the part of JetStream that an in-memory work queue needs. The ordinary clients
 * cannot tell the difference (libs/messaging holds a conformance spec that runs on both).
 * One process, memory only, no clustering: what it loses when it stops is work in flight, which callers repeat.
 */
export class EmbeddedBroker {
  private readonly interest = new Interest();
  private readonly jetStream = new JetStream({
    publish: (message) => this.route(message),
    deliver: (inbox, message) => this.deliverTo(this.interest.find(inbox), message),
    hasInterest: (subject) => this.interest.find(subject).length > 0,
  });
  private readonly clients = new Set<ClientConnection>();
  private readonly server: Server;
  private lastClientId = 0;

  constructor(private readonly options: { readonly token: string }) {
    if (options.token === '') throw new AppError('invalid_argument', 'the embedded broker needs a token');
    this.server = createServer((socket) => {
      const client = new ClientConnection(
        socket,
        {
          interest: this.interest,
          limits: connectionLimits,
          token: this.options.token,
          publish: (message, from) => this.publish(message, from),
        },
        this.describe(),
      );
      this.clients.add(client);
      socket.once('close', () => this.clients.delete(client));
    });
    this.server.maxConnections = connectionsMax; // "full": further clients are hung up on and try again
  }

  /** Listens on loopback and resolves to the port. */
  listen(port = 0): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', (cause) =>
        reject(new AppError('unavailable', `the embedded broker cannot listen on port ${port}`, { cause })),
      );
      this.server.listen(port, '127.0.0.1', () => resolve(this.port()));
    });
  }

  /** Hangs up on every client and stops listening; streams are gone. */
  close(): Promise<void> {
    this.jetStream.clear();
    for (const client of this.clients) client.destroy();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private publish(message: BrokerMessage, from: ClientConnection): void {
    if (this.jetStream.intercept(message)) return;
    const receivers = this.route(message, from);
    if (receivers > 0 || message.replyTo === '' || !from.wantsNoResponders) return;
    const own = this.interest.find(message.replyTo).filter((subscription) => subscription.owner === from);
    this.deliverTo(own, statusMessage(message.replyTo, '503'));
  }

  /** Sends to every plain subscriber and to one member of each queue group; answers how many got it. */
  private route(message: BrokerMessage, from?: ClientConnection): number {
    const groups = new Map<string, Subscription[]>();
    const receivers: Subscription[] = [];
    for (const subscription of this.interest.find(message.subject)) {
      if (from && !from.echo && subscription.owner === from) continue;
      if (subscription.queue === '') receivers.push(subscription);
      else groups.set(subscription.queue, [...(groups.get(subscription.queue) ?? []), subscription]);
    }
    for (const members of groups.values()) {
      const chosen = members[Math.floor(Math.random() * members.length)];
      if (chosen) receivers.push(chosen);
    }
    this.deliverTo(receivers, message);
    return receivers.length;
  }

  private deliverTo(subscriptions: readonly Subscription[], message: BrokerMessage): void {
    for (const subscription of subscriptions) subscription.owner.send(subscription, message);
  }

  private describe(): object {
    this.lastClientId += 1;
    return {
      server_id: 'nightjar-embedded',
      server_name: 'nightjar-embedded',
      // The protocol level that clients pick their API subjects by, not a claim to be that server.
      version: '2.10.0',
      proto: 1,
      host: '127.0.0.1',
      port: this.port(),
      headers: true,
      max_payload: connectionLimits.payloadBytesMax,
      jetstream: true,
      auth_required: true,
      client_id: this.lastClientId,
    };
  }

  private port(): number {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new AppError('unavailable', 'the embedded broker does not listen');
    return address.port;
  }
}
