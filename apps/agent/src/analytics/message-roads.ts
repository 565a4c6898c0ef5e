import { randomUUID } from 'node:crypto';
import type { AssignedStream } from '@nightjar/contracts';
import type { Logger } from '@nightjar/runtime';
import type { SeenOn } from './alert-events.js';
import type { AnalyticMessage } from './analytic.js';
import { wants, type Callback, type HttpCallback, type ImageRetainPolicy } from './callback-parameters.js';
import type { CallbackSender } from './callback-sender.js';

/** An event as callbacks get it, in the words of the Luna Video Agent. */
export interface EventMessage {
  account_id: string;
  event_type: string;
  event_create_time: string;
  event_end_time: string;
  event: Record<string, unknown>;
}

interface MessageRoadsParts {
  stream: AssignedStream;
  sender: Pick<CallbackSender, 'send'>;
  pictures: { writeOverview(file: string, jpeg: Uint8Array, policy: ImageRetainPolicy): Promise<void> };
  logger: Logger;
}

/** Account of a stream that belongs to none. */
const noAccount = '00000000-0000-0000-0000-000000000000';
/** Pictures of events that are encoded at a time. Full: an event goes without one. */
const picturesMax = 4;

/** The roads that events of one stream's analytics take: to the addresses of their callbacks, and to listeners of its WebSocket. */
export class MessageRoads {
  private readonly working = new Set<Promise<void>>();
  /** Why the last event did not arrive. By the callback itself: what a user changes is another one, of which nothing is known. */
  private readonly unreached = new WeakMap<Callback, string>();
  private stream: AssignedStream;

  constructor(private readonly parts: MessageRoadsParts) {
    this.stream = parts.stream;
  }

  /** The stream got another name, owner or place. */
  describe(stream: AssignedStream): void {
    this.stream = stream;
  }

  /** Which callbacks the last event did not reach, in words for the user; their paths may hold keys. */
  problemsOf(callbacks: readonly Callback[]): string[] {
    return callbacks.flatMap((callback, index) => {
      const reason = this.unreached.get(callback);
      if (callback.type !== 'http' || reason === undefined) return [];
      return [`events do not reach /callbacks/${index} at ${new URL(callback.url).origin}: ${reason}`];
    });
  }

  /** Sends an event where its callbacks say. @returns what listeners get: the event, or nothing when it is not for them */
  take(message: AnalyticMessage, options: { callbacks: readonly Callback[]; seenOn: SeenOn | undefined }): EventMessage[] {
    const { callbacks, seenOn } = options;
    const eventId = randomUUID();
    const addresses = callbacks.filter((callback) => callback.type === 'http').filter((callback) => wants(callback, message.count));
    const notifications = callbacks.filter(({ type }) => type === 'luna-ws-notification');
    const isForListeners = notifications.length === 0 || notifications.some((callback) => wants(callback, message.count));
    if (addresses.length === 0 && !isForListeners) return [];
    const { image } = message;
    const file =
      image && seenOn && this.working.size < picturesMax ? `overview_${eventId}.${image.mimetype === 'PNG' ? 'png' : 'jpg'}` : null;
    const body = this.bodyOf(message, { eventId, file });
    const send = () => {
      for (const callback of addresses) this.parts.sender.send(callback, body, (failure) => this.note(callback, failure));
    };
    if (file !== null && image && seenOn) this.write(file, seenOn.result.frame.picture.bytes, image, send);
    else send();
    return isForListeners ? [body] : [];
  }

  /** Waits for pictures that are being written; their events are with the sender then. */
  async settle(): Promise<void> {
    await Promise.all(this.working);
  }

  private note(callback: HttpCallback, failure: string | null): void {
    if (failure === null) this.unreached.delete(callback);
    else this.unreached.set(callback, failure);
  }

  private bodyOf(message: AnalyticMessage, { eventId, file }: { eventId: string; file: string | null }): EventMessage {
    const { stream_id, name, location, account_id, frames_name } = this.stream;
    const { track_id, overview, ...event } = message.event;
    return {
      account_id: account_id ?? noAccount,
      event_type: message.eventType,
      event_create_time: microseconds(message.createdAtUnixMs),
      event_end_time: microseconds(message.endedAtUnixMs),
      event: {
        stream_id,
        event_id: eventId,
        track_id,
        ...event,
        ...(overview && { overview: { ...overview, image: file && `opennvr://frames/${frames_name}/${file}` } }),
        location,
        source: name,
      },
    };
  }

  /** An event names its picture, so the picture is there first. */
  private write(file: string, jpeg: Uint8Array, policy: ImageRetainPolicy, then: () => void): void {
    const { pictures, logger } = this.parts;
    const work: Promise<void> = pictures
      .writeOverview(file, jpeg, policy)
      .catch((error: unknown) => logger.warn('the picture of an event was not written', { error }))
      .then(then)
      .finally(() => this.working.delete(work));
    this.working.add(work);
  }
}

/** RFC 3339 in UTC with microseconds. */
function microseconds(unixMs: number): string {
  return new Date(Math.round(unixMs)).toISOString().replace('Z', '000Z');
}
