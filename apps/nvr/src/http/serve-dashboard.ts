import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '@nightjar/runtime';
import type { FastifyInstance } from 'fastify';
import { namesEtag } from './names-etag.js';

const config = { policy: { kind: 'public' } };
/** Everything from here, camera pictures from memory; no inline code, no frames around us. */
const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
};

interface SiteFile {
  url: string;
  bytes: Buffer;
  contentType: string;
  /** Names under `assets/` hold a hash of their content, the others do not. */
  cacheControl: string;
  etag: string;
}

/**
 * Serves the built dashboard from memory, each of its files as a route of its own: no path of a request ever becomes a path on
 * disk, and there is no catch-all. A directory without a build leaves a page that says so.
 */
export async function serveDashboard(fastify: FastifyInstance, directory: string): Promise<void> {
  fastify.addHook('onRequest', (_request, reply, done) => {
    void reply.header('Content-Security-Policy', contentSecurityPolicy);
    done();
  });
  const files = await readSite(directory);
  for (const file of files) {
    fastify.get(file.url, { config }, (request, reply) => {
      void reply.headers({ ETag: file.etag, 'Cache-Control': file.cacheControl });
      return namesEtag(request.headers['if-none-match'], file.etag)
        ? reply.code(304).send()
        : reply.type(file.contentType).send(file.bytes);
    });
  }
  if (files.some(({ url }) => url === '/')) return;
  fastify.get('/', { config }, () => {
    throw new AppError('not_found', 'the dashboard is not built: run "npm run build"');
  });
}

async function readSite(directory: string): Promise<SiteFile[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return Promise.all(
    entries.filter((entry) => entry.isFile()).map((entry) => readSiteFile(directory, path.join(entry.parentPath, entry.name))),
  );
}

async function readSiteFile(directory: string, file: string): Promise<SiteFile> {
  const name = path.relative(directory, file).split(path.sep).join('/');
  const bytes = await readFile(file);
  return {
    url: name === 'index.html' ? '/' : `/${name}`,
    bytes,
    contentType: contentTypes[path.extname(name)] ?? 'application/octet-stream',
    cacheControl: name.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
  };
}
