import { describe, expect, it } from '@jest/globals';
import { ProtocolError, WireParser, type ClientCommand } from './wire-parser.js';

function parseInChunks(bytes: Buffer, chunkBytes: number): ClientCommand[] {
  const parser = new WireParser({ payloadBytesMax: 1_000, lineBytesMax: 100 });
  const commands: ClientCommand[] = [];
  for (let offset = 0; offset < bytes.length; offset += chunkBytes)
    commands.push(...parser.push(bytes.subarray(offset, offset + chunkBytes)));
  return commands;
}

describe('the wire parser', () => {
  const conversation = Buffer.from(
    'CONNECT {"verbose":false}\r\nPING\r\nSUB a.* 1\r\nSUB b group 2\r\nUNSUB 1 5\r\nPUB a.b 5\r\nhe\r\no\r\nPUB a.b reply 0\r\n\r\nHPUB c 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPONG\r\n',
  );
  const expected = [
    { kind: 'connect', options: { verbose: false } },
    { kind: 'ping' },
    { kind: 'subscribe', subject: 'a.*', queue: '', sid: '1' },
    { kind: 'subscribe', subject: 'b', queue: 'group', sid: '2' },
    { kind: 'unsubscribe', sid: '1', deliverAtMost: 5 },
    { kind: 'publish', subject: 'a.b', replyTo: '', headerBytes: 0, payload: Buffer.from('he\r\no') },
    { kind: 'publish', subject: 'a.b', replyTo: 'reply', headerBytes: 0, payload: Buffer.alloc(0) },
    { kind: 'publish', subject: 'c', replyTo: '', headerBytes: 12, payload: Buffer.from('NATS/1.0\r\n\r\nhi') },
    { kind: 'pong' },
  ];

  it.each([1, 2, 3, 7, 16, 1_000])('reads the same from chunks of %i bytes', (chunkBytes) => {
    expect(parseInChunks(conversation, chunkBytes)).toEqual(expected);
  });

  it.each([
    ['a size that is no number', 'PUB a x\r\n'],
    ['a negative size', 'PUB a -1\r\n'],
    ['a header longer than its message', 'HPUB a 9 3\r\n'],
    ['too many fields', 'PUB a b c 3\r\n'],
    ['a payload beyond the bound', 'PUB a 1001\r\n'],
    ['an endless line', 'P'.repeat(101)],
    ['an unknown operation', 'FROB\r\n'],
    ['greetings that are no JSON', 'CONNECT {\r\n'],
  ])('refuses %s', (_case, text) => {
    expect(() => parseInChunks(Buffer.from(text), 1_000)).toThrow(ProtocolError);
  });
});
