import { until } from '@nightjar/testing';

/** One message of an event stream. */
interface SseMessage {
  id: string | undefined;
  event: string;
  data: unknown;
}

/** Reads an SSE response as it comes; `messages` grows. */
export class SseReader {
  readonly messages: SseMessage[] = [];
  /** The last id that was set, as a browser keeps it. */
  lastId: string | undefined;
  comments = 0;
  ended = false;

  private constructor(
    readonly response: Response,
    private readonly abort: AbortController,
  ) {}

  static async open(url: string, headers: Record<string, string>): Promise<SseReader> {
    const abort = new AbortController();
    const response = await fetch(url, { headers, signal: abort.signal });
    const reader = new SseReader(response, abort);
    void reader.readAll();
    return reader;
  }

  close(): void {
    this.abort.abort();
  }

  of(event: string): SseMessage[] {
    return this.messages.filter((message) => message.event === event);
  }

  /** Waits until the messages fulfil the condition. */
  until(condition: (reader: SseReader) => boolean): Promise<void> {
    return until(() => condition(this));
  }

  private async readAll(): Promise<void> {
    let text = '';
    try {
      for await (const chunk of this.response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const blocks = (text + chunk).split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) this.take(block);
      }
    } catch (error) {
      if (!this.abort.signal.aborted) throw error;
    }
    this.ended = true;
  }

  private take(block: string): void {
    const fields = Object.fromEntries(
      block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
    );
    if (block.startsWith(':')) this.comments++;
    if (fields.id !== undefined) this.lastId = fields.id;
    if (fields.data !== undefined) this.messages.push({ id: fields.id, event: fields.event ?? 'message', data: JSON.parse(fields.data) });
  }
}
