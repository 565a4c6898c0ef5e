/** One message of a server-sent event stream. */
export interface StreamMessage {
  event: string;
  /** Id of this message, or the last one before it. */
  lastEventId: string | undefined;
  data: string;
}

/**
 * Reads server-sent events (WHATWG HTML §9.2) from text that comes in pieces. The browser's own EventSource can't send an
 * Authorization header, and a token does not belong into a URL.
 */
export class EventStreamParser {
  private rest = '';
  private event = '';
  private data: string[] = [];
  private position: string | undefined;

  /** The last id that was set, also by a message without data: where the stream continues after a break. */
  get lastEventId(): string | undefined {
    return this.position;
  }

  /** @returns the messages that this piece completed, in order */
  push(text: string): StreamMessage[] {
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.readLine(line));
  }

  private readLine(line: string): StreamMessage[] {
    if (line === '') return this.dispatch();
    const colon = line.indexOf(':');
    // A line that begins with a colon is a comment: the server's heartbeat.
    if (colon === 0) return [];
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.event = value;
    if (field === 'data') this.data.push(value);
    if (field === 'id' && !value.includes('\0')) this.position = value;
    return [];
  }

  private dispatch(): StreamMessage[] {
    const { data } = this;
    const message = { event: this.event || 'message', lastEventId: this.position, data: data.join('\n') };
    this.data = [];
    this.event = '';
    return data.length === 0 ? [] : [message];
  }
}
