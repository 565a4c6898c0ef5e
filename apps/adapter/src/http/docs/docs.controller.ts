import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import { DocsAssets, docsPage, docsPagePolicy } from '@nightjar/openapi';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Task } from '../../tasks/task.js';
import { TaskCatalogue } from '../../tasks/task-catalogue.js';
import type { RootSurface } from '../surface.js';
import { adapterDocument } from './adapter-document.js';

/** Token of what the root of the port answers. */
export const ROOT_SURFACE = Symbol('ROOT_SURFACE');

const assetMaxAgeSeconds = 24 * 60 * 60;

/** `/docs`: the API document, and a page to read it. Open to everybody: it shows what the adapter can do, and nothing of its data. */
@Controller('docs')
export class DocsController {
  private readonly assets = new DocsAssets();
  /** The document as it was last written, with the tasks it was written of. */
  private written: { all: readonly Task[]; available: readonly Task[]; json: string } | undefined;

  constructor(
    private readonly catalogue: TaskCatalogue,
    @Inject(ROOT_SURFACE) private readonly root: RootSurface,
  ) {}

  @Get()
  @Policy({ kind: 'public' })
  async page(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const base = /\/(\?|$)/.test(request.url) ? './' : 'docs/';
    await reply
      .type('text/html; charset=utf-8')
      .header('Content-Security-Policy', docsPagePolicy)
      .send(docsPage({ title: 'Nightjar adapter: API', base }));
  }

  @Get('openapi.json')
  @Policy({ kind: 'public' })
  async document(@Res() reply: FastifyReply): Promise<void> {
    await reply.type('application/json').send(this.write());
  }

  @Get('assets/:file')
  @Policy({ kind: 'public' })
  async asset(@Param('file') file: string, @Res() reply: FastifyReply): Promise<void> {
    const { contentType, bytes } = await this.assets.get(file);
    await reply.type(contentType).header('Cache-Control', `public, max-age=${assetMaxAgeSeconds}`).send(bytes);
  }

  private write(): string {
    const all = this.catalogue.all();
    const available = this.catalogue.available();
    if (!this.written || !isSame(this.written.all, all) || !isSame(this.written.available, available)) {
      const names = new Set(available.map(({ name }) => name));
      this.written = { all, available, json: JSON.stringify(adapterDocument({ tasks: all, available: names, root: this.root })) };
    }
    return this.written.json;
  }
}

function isSame(a: readonly Task[], b: readonly Task[]): boolean {
  return a.length === b.length && a.every((task, index) => task === b[index]);
}
