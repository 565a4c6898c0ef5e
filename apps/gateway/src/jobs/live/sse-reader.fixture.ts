import { until } from '@nightjar/testing';

/** One message of an event stream. */
export interface SseMessage {
  id: string | undefined;
  event: string;
  data: Record<string, unknown>;
}

/** Reads an SSE response as it comes, as a browser does; `messages` grows. */
export class SseReader {
  readonly messages: SseMessage[] = [];
  /** The last id that was set: where the client resumes. */
  lastId: string | undefined;
  hasEnded = false;
  private readonly stopping = new AbortController();

  private constructor(readonly response: Response) {}

  static async open(url: string, headers: Record<string, string>, onMessage?: (message: SseMessage) => void): Promise<SseReader> {
    const stopping = new AbortController();
    const reader = new SseReader(await fetch(url, { headers, signal: stopping.signal }));
    reader.stopping.signal.addEventListener('abort', () => stopping.abort());
    void reader.read(onMessage);
    return reader;
  }

  /** Cuts the connection; nothing is read after it. */
  close(): void {
    this.stopping.abort();
  }

  of(event: string): SseMessage[] {
    return this.messages.filter((message) => message.event === event);
  }

  /** Waits until the messages fulfil the condition. */
  until(condition: (reader: SseReader) => boolean, timeoutMs?: number): Promise<void> {
    return until(() => condition(this), timeoutMs);
  }

  private async read(onMessage: ((message: SseMessage) => void) | undefined): Promise<void> {
    let text = '';
    try {
      for await (const chunk of this.response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const blocks = (text + chunk).split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) {
          if (this.stopping.signal.aborted) return;
          this.take(block, onMessage);
        }
      }
    } catch {
      // Cut on one side or the other; both are an end.
    }
    this.hasEnded = true;
  }

  private take(block: string, onMessage: ((message: SseMessage) => void) | undefined): void {
    const fields = new Map(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
    const [id, data] = [fields.get('id'), fields.get('data')];
    if (id !== undefined) this.lastId = id;
    if (data === undefined) return;
    const message = { id, event: fields.get('event') ?? 'message', data: JSON.parse(data) as Record<string, unknown> };
    this.messages.push(message);
    onMessage?.(message);
  }
}
