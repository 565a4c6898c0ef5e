import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  AckPolicy,
  DiscardPolicy,
  jetstream,
  JetStreamApiError,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type Consumer,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
} from '@nats-io/jetstream';
import { connect, createInbox, headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { hasNatsServer, startTestBus, until, type TestBus } from '@nightjar/testing';

const nanosPerMs = 1_000_000;
/** For what has to succeed, however busy the machine is. */
const timeout = 60_000;
/** A pull that has to bring something; a longer one wants heartbeats in time, too. */
const expires = 25_000;
const nothingToCompare = !(await hasNatsServer());
if (nothingToCompare) process.stdout.write('nats-server is not installed: the broker is checked alone\n');
const kinds = nothingToCompare ? (['embedded broker'] as const) : (['nats-server', 'embedded broker'] as const);

function target(bus: TestBus): { servers: string; token: string } {
  const { host, username } = new URL(bus.url);
  return { servers: host, token: username };
}

/** Collects messages until there are `count`; fails by the test's own time limit. */
async function take<Message>(source: AsyncIterable<Message>, count: number): Promise<Message[]> {
  const taken: Message[] = [];
  for await (const message of source) {
    taken.push(message);
    if (taken.length === count) break;
  }
  return taken;
}

async function nextOf(consumer: Consumer, expiresMs = expires): Promise<JsMsg | null> {
  return consumer.next({ expires: expiresMs });
}

// The same steps on both, with the clients as they are published: what passes here, the product may rely on.
describe.each(kinds)('a bus that is the %s', (kind) => {
  let bus: TestBus;
  let alice: NatsConnection;
  let bob: NatsConnection;

  beforeAll(async () => {
    bus = await startTestBus({ kind });
  });
  afterAll(() => bus.stop());
  beforeEach(async () => {
    [alice, bob] = await Promise.all([connect(target(bus)), connect(target(bus))]);
  });
  afterEach(async () => {
    await Promise.all([alice.close(), bob.close()]);
  });

  it('refuses a client without the token, and one with another', async () => {
    const { servers } = target(bus);
    await expect(connect({ servers, reconnect: false })).rejects.toThrow(/authoriz|authentication/i);
    await expect(connect({ servers, token: 'other', reconnect: false })).rejects.toThrow(/authoriz|authentication/i);
  });

  it('delivers by subject, with one-token and all-token wildcards', async () => {
    const subscriptions = ['camera.1.frame', 'camera.*.frame', 'camera.>', 'other.>'].map((subject) => bob.subscribe(subject));
    await bob.flush();
    alice.publish('camera.1.frame', 'a');
    alice.publish('camera.2.frame', 'b');
    await alice.flush();
    await bob.flush();
    for (const subscription of subscriptions) subscription.unsubscribe();
    const received = await Promise.all(
      subscriptions.map(async (subscription) => (await take(subscription, 9)).map((message) => message.string())),
    );
    expect(received).toEqual([['a'], ['a', 'b'], ['a', 'b'], []]);
  });

  it('gives each message of a queue group to one member', async () => {
    const counts = [0, 0, 0];
    counts.forEach((_, index) => {
      bob.subscribe('work', { queue: 'workers', callback: () => void (counts[index] = (counts[index] ?? 0) + 1) });
    });
    await bob.flush();
    for (let sent = 0; sent < 300; sent += 1) alice.publish('work');
    await alice.flush();
    await bob.flush();
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(300);
    expect(Math.min(...counts)).toBeGreaterThan(30);
  });

  it('ends a subscription after the number of messages it was made for', async () => {
    const subscription = bob.subscribe('few', { max: 2 });
    await bob.flush();
    for (const text of ['1', '2', '3']) alice.publish('few', text);
    await alice.flush();
    expect((await take(subscription, 9)).map((message) => message.string())).toEqual(['1', '2']);
  });

  it('answers a request, headers and bytes unchanged', async () => {
    bob.subscribe('echo', {
      callback: (_error, message: Msg) => {
        const answer = headers();
        answer.set('Seen', message.headers?.get('Name') ?? '');
        message.respond(message.data, { headers: answer });
      },
    });
    await bob.flush();
    const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 256);
    const asked = headers();
    asked.set('Name', 'Grüße');
    const reply = await alice.request('echo', bytes, { headers: asked, timeout });
    expect(reply.headers?.get('Seen')).toBe('Grüße');
    expect(Buffer.compare(reply.data, bytes)).toBe(0);
  });

  it('tells that nobody answers a subject, before the caller gives up', async () => {
    await expect(alice.request('nobody.here', 'x', { timeout })).rejects.toThrow(/no responders/i);
  });

  it('carries a message as large as the bus allows and refuses a larger one', async () => {
    const largest = alice.info?.max_payload ?? 0;
    expect(largest).toBe(8 * 1024 * 1024);
    const subscription = bob.subscribe('large', { max: 1 });
    await bob.flush();
    alice.publish('large', new Uint8Array(largest));
    const [message] = await take(subscription, 1);
    expect(message?.data.length).toBe(largest);
    expect(() => alice.publish('large', new Uint8Array(largest + 1))).toThrow();
  });

  it('does not send a client its own messages when that was turned off', async () => {
    const quiet = await connect({ ...target(bus), noEcho: true });
    const heard: string[] = [];
    quiet.subscribe('self', { callback: (_error, message) => void heard.push(message.string()) });
    await quiet.flush();
    quiet.publish('self', 'own');
    alice.publish('self', 'from another');
    await alice.flush();
    await quiet.flush();
    await quiet.close();
    expect(heard).toEqual(['from another']);
  });

  describe('as a work queue', () => {
    let manager: JetStreamManager;
    let queue: JetStreamClient;

    beforeEach(async () => {
      manager = await jetstreamManager(alice, { timeout });
      queue = jetstream(alice, { timeout });
      await manager.streams.add({
        name: 'WORK',
        subjects: ['work.items.>'],
        retention: RetentionPolicy.Workqueue,
        storage: StorageType.Memory,
        discard: DiscardPolicy.New,
        max_msgs: 3,
      });
    });
    afterEach(async () => {
      await manager.streams.delete('WORK');
    });
    /** Workers of the queue. An item comes back after `ackWaitMs`, which is long where that is not what is looked at. */
    const pullers = async (ackWaitMs = timeout): Promise<Consumer> => {
      const ack_wait = ackWaitMs * nanosPerMs;
      await manager.consumers.add('WORK', { durable_name: 'pullers', ack_policy: AckPolicy.Explicit, ack_wait, max_deliver: 2 });
      return jetstream(bob, { timeout }).consumers.get('WORK', 'pullers');
    };

    it('makes a stream and a consumer twice without complaint, and refuses another configuration', async () => {
      const again = await manager.streams.add({
        name: 'WORK',
        subjects: ['work.items.>'],
        retention: RetentionPolicy.Workqueue,
        storage: StorageType.Memory,
        discard: DiscardPolicy.New,
        max_msgs: 3,
      });
      expect(again.config.max_msgs).toBe(3);
      for (let times = 0; times < 2; times++) await pullers();
      const other = manager.streams.add({
        name: 'WORK',
        subjects: ['work.other'],
        retention: RetentionPolicy.Workqueue,
        storage: StorageType.Memory,
      });
      await expect(other).rejects.toMatchObject({ code: 10058 });
      await expect(manager.streams.info('MISSING')).rejects.toMatchObject({ code: 10059 });
      await expect(manager.consumers.info('WORK', 'missing')).rejects.toMatchObject({ code: 10014 });
    });

    it('hands out items in order and forgets them when they are acknowledged', async () => {
      const consumer = await pullers();
      const sequences = [await queue.publish('work.items.a', 'a'), await queue.publish('work.items.b', 'b')].map((ack) => ack.seq);
      expect(sequences).toEqual([1, 2]);
      const first = await nextOf(consumer);
      const second = await nextOf(consumer);
      expect([first?.string(), second?.string(), first?.subject]).toEqual(['a', 'b', 'work.items.a']);
      expect((await manager.consumers.info('WORK', 'pullers')).num_ack_pending).toBe(2);
      expect(await first?.ackAck()).toBe(true);
      expect(await second?.ackAck()).toBe(true);
      const { state } = await manager.streams.info('WORK');
      expect(state.messages).toBe(0);
    });

    it('refuses an item beyond the bound instead of dropping an older one', async () => {
      const consumer = await pullers();
      for (const text of ['1', '2', '3']) await queue.publish('work.items.x', text);
      const refused = await queue.publish('work.items.x', '4').catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(JetStreamApiError);
      expect(refused).toMatchObject({ code: 10077 });
      expect((await nextOf(consumer))?.string()).toBe('1');
    });

    it('gives an item that is not acknowledged in time to another one, twice in all', async () => {
      const consumer = await pullers(400);
      await queue.publish('work.items.x', 'poison');
      expect((await nextOf(consumer))?.info.deliveryCount).toBe(1);
      expect((await nextOf(consumer))?.info.deliveryCount).toBe(2);
      expect(await nextOf(consumer, 1_000)).toBeNull();
    });

    it('keeps an item with the worker that says it is still at it', async () => {
      // Long beside the beats: a worker that gets no CPU for so long has lost its item, and rightly.
      const consumer = await pullers(3_000);
      await queue.publish('work.items.x', 'long');
      const item = await nextOf(consumer);
      for (let beat = 0; beat < 18; beat += 1) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        item?.working();
        await bob.flush();
      }
      expect((await manager.consumers.info('WORK', 'pullers')).num_ack_pending).toBe(1);
      item?.ack();
      await bob.flush();
      expect(await nextOf(consumer, 1_000)).toBeNull();
    });

    it('takes an item back at once or after a delay, and ends one that is given up', async () => {
      const consumer = await pullers();
      await queue.publish('work.items.x', 'again');
      const first = await nextOf(consumer);
      const started = performance.now();
      first?.nak(300);
      const second = await nextOf(consumer);
      expect(performance.now() - started).toBeGreaterThan(200);
      expect(second?.info.deliveryCount).toBe(2);
      second?.term();
      await bob.flush();
      expect((await manager.streams.info('WORK')).state.messages).toBe(0);
    });

    it('stores an item with a repeated id once', async () => {
      const first = await queue.publish('work.items.x', 'once', { msgID: 'id-1' });
      const second = await queue.publish('work.items.x', 'once', { msgID: 'id-1' });
      expect([first.duplicate, second.duplicate, second.seq]).toEqual([false, true, first.seq]);
      expect((await manager.streams.info('WORK')).state.messages).toBe(1);
    });

    it('wakes a worker that waits when there is an item, before its wait is over', async () => {
      const waiting = nextOf(await pullers());
      await bob.flush();
      await queue.publish('work.items.x', 'now');
      expect((await waiting)?.string()).toBe('now');
    });

    // A pull from a queue that is missing has no common answer: nats-server 2.9 is silent, later ones send a 503.
    it('answers an empty queue with a status, at once or when the wait is over', async () => {
      await pullers();
      const pull = async (request: object): Promise<number | undefined> => {
        const inbox = createInbox();
        const subscription = bob.subscribe(inbox, { max: 1 });
        bob.publish('$JS.API.CONSUMER.MSG.NEXT.WORK.pullers', JSON.stringify(request), { reply: inbox });
        const [message] = await take(subscription, 1);
        return message?.headers?.code;
      };
      expect(await pull({ batch: 1, no_wait: true })).toBe(404);
      expect(await pull({ batch: 1, expires: 200 * nanosPerMs })).toBe(408);
    });

    it('fetches a batch and consumes without end', async () => {
      const consumer = await pullers();
      for (const text of ['1', '2', '3']) await queue.publish('work.items.x', text);
      const batch = await consumer.fetch({ max_messages: 2, expires });
      const fetched = await take(batch, 2);
      for (const item of fetched) item.ack();
      const stream = await consumer.consume({ max_messages: 5 });
      const [third] = await take(stream, 1);
      third?.ack();
      expect([...fetched, third].map((item) => item?.string())).toEqual(['1', '2', '3']);
    });
  });

  it('forgets messages that are older than the stream keeps them', async () => {
    const manager = await jetstreamManager(alice, { timeout });
    await manager.streams.add({
      name: 'SHORT',
      subjects: ['short'],
      storage: StorageType.Memory,
      max_age: 300 * nanosPerMs,
      duplicate_window: 200 * nanosPerMs,
    });
    // Whoever looks for it may come too late: that it was kept, its number says.
    expect(await jetstream(alice, { timeout }).publish('short', 'x')).toMatchObject({ stream: 'SHORT', seq: 1 });
    await until(async () => (await manager.streams.info('SHORT')).state.messages === 0);
    await manager.streams.delete('SHORT');
  });
});
