import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { namesEtag } from '../http/names-etag.js';
import { contentDisposition } from './content-disposition.js';
import { parseRangeHeader, type ByteRange } from '../segments/parse-range-header.js';

/** Something of known length that can be read from anywhere in it. */
interface SentBytes {
  sizeBytes: number;
  /** Of exactly these bytes. */
  etag: string;
  contentType: string;
  /** How a browser takes it, and the name it saves it under. */
  disposition: { kind: 'inline' | 'attachment'; fileName: string };
  read: (bytes: ByteRange) => Readable;
}

/**
 * Answers GET and HEAD with all of it or a range (RFC 9110 §14): 200, 206 or 416. Another `If-Range` gets all of it; who has it already
 * (`If-None-Match`) gets 304, whatever range was asked for.
 */
export async function sendBytes(request: FastifyRequest, reply: FastifyReply, content: SentBytes): Promise<void> {
  const { disposition, etag, sizeBytes } = content;
  const { 'if-range': ifRange, range: header } = request.headers;
  void reply.headers({ 'Accept-Ranges': 'bytes', ETag: etag });
  if (namesEtag(request.headers['if-none-match'], etag)) return reply.code(304).send();
  const range = ifRange === undefined || ifRange === etag ? parseRangeHeader(header, sizeBytes) : undefined;
  if (range === 'unsatisfiable')
    return reply.code(416).header('Content-Range', `bytes */${sizeBytes}`).send({ detail: 'Range not satisfiable' });
  const { first, last } = range ?? { first: 0, last: sizeBytes - 1 };
  // What fails fails before the headers of a success are there.
  const body = request.method === 'HEAD' ? Readable.from([]) : content.read({ first, last });
  if (range) void reply.code(206).header('Content-Range', `bytes ${first}-${last}/${sizeBytes}`);
  void reply.headers({
    'Content-Type': content.contentType,
    'Content-Length': last - first + 1,
    'Content-Disposition': contentDisposition(disposition.kind, disposition.fileName),
  });
  await reply.send(body);
}
