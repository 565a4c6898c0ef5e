import { EventView, Overlay } from '@nightjar/contracts';
import { useEffect, useRef, useState } from 'react';
import { ApiError } from '../api/answer.js';
import type { Api } from '../api.js';
import { EventStreamParser, type StreamMessage } from './event-stream-parser.js';

export type Connection = 'connecting' | 'live' | 'interrupted' | 'refused';

interface Listeners {
  /** Undefined: boxes are not asked for. */
  onOverlay?: (overlay: Overlay) => void;
  onNotification: (event: EventView) => void;
  /** Notifications were lost for good: the list has to be read anew. */
  onGap: () => void;
}

const reconnectMsMin = 500;
const reconnectMsMax = 10_000;
/** The server says something at least every 15 s; a silent connection is a dead one. */
const silenceMsMax = 40_000;

/** Keeps the live stream open: reconnects with growing pauses and continues after the last notification it saw. */
export function useLiveStream(api: Api, listeners: Listeners, { isWanted }: { isWanted: boolean }): Connection {
  const withBoxes = listeners.onOverlay !== undefined;
  const [connection, setConnection] = useState<Connection>(isWanted ? 'connecting' : 'refused');
  const latest = useRef(listeners);
  useEffect(() => {
    latest.current = listeners;
  });
  useEffect(() => {
    if (!isWanted) return;
    const stop = new AbortController();
    void follow({ api, withBoxes, stop: stop.signal, onConnection: setConnection, deliver: (message) => deliver(message, latest.current) });
    return () => stop.abort();
  }, [api, isWanted, withBoxes]);
  return connection;
}

interface Follow {
  api: Api;
  withBoxes: boolean;
  stop: AbortSignal;
  onConnection: (connection: Connection) => void;
  deliver: (message: StreamMessage) => void;
}

async function follow({ api, deliver, onConnection, stop, withBoxes }: Follow): Promise<void> {
  let lastEventId: string | undefined;
  let pauseMs = reconnectMsMin;
  while (!stop.aborted) {
    try {
      await readOnce({
        api,
        withBoxes,
        stop,
        lastEventId,
        onOpen: () => {
          pauseMs = reconnectMsMin;
          onConnection('live');
        },
        onPosition: (id) => {
          lastEventId = id;
        },
        deliver,
      });
    } catch (error) {
      if (stop.aborted || (error instanceof ApiError && error.status === 401)) return;
      if (error instanceof ApiError && error.status === 403) return onConnection('refused');
    }
    onConnection('interrupted');
    await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.75 + Math.random() / 2)));
    pauseMs = Math.min(pauseMs * 2, reconnectMsMax);
  }
}

interface ReadOnce {
  api: Api;
  withBoxes: boolean;
  stop: AbortSignal;
  lastEventId: string | undefined;
  onOpen: () => void;
  /** Everything up to this id was delivered. */
  onPosition: (id: string) => void;
  deliver: (message: StreamMessage) => void;
}

async function readOnce({ api, deliver, lastEventId, onOpen, onPosition, stop, withBoxes }: ReadOnce): Promise<void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), silenceMsMax);
  try {
    const body = await api.openEventStream({ lastEventId, withBoxes, signal: AbortSignal.any([stop, silence.signal]) });
    onOpen();
    const parser = new EventStreamParser();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), silenceMsMax);
      for (const message of parser.push(decoder.decode(value, { stream: true }))) deliver(message);
      if (parser.lastEventId !== undefined) onPosition(parser.lastEventId);
    }
  } finally {
    clearTimeout(timer);
  }
}

function deliver(message: StreamMessage, listeners: Listeners): void {
  if (message.event === 'gap') return listeners.onGap();
  const json: unknown = JSON.parse(message.data);
  if (message.event === 'overlay') {
    const overlay = Overlay.safeParse(json);
    if (overlay.success) listeners.onOverlay?.(overlay.data);
  }
  if (message.event === 'notification') {
    const event = EventView.safeParse(json);
    if (event.success) listeners.onNotification(event.data);
  }
}
