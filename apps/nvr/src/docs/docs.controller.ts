import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import { errorsPagePolicy, lunaErrors, renderErrorsPage } from '@nightjar/luna';
import { DocsAssets, docsPage, docsPagePolicy } from '@nightjar/openapi';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createRequire } from 'node:module';
import { managerErrorList } from '../luna/manager-errors.js';
import { nvrDocument } from './nvr-document.js';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };
const assetMaxAgeSeconds = 24 * 60 * 60;

/** `/docs`: the API document, and a page to read it. Open to everybody: it tells of the program, and nothing of its data. */
@Controller()
export class DocsController {
  private readonly assets = new DocsAssets();
  private readonly json = JSON.stringify(nvrDocument(version));

  @Get('docs')
  @Policy({ kind: 'public' })
  async page(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const base = /\/(\?|$)/.test(request.url) ? './' : 'docs/';
    const page = docsPage({ title: 'Nightjar NVR: API', base });
    await reply.type('text/html; charset=utf-8').header('Content-Security-Policy', docsPagePolicy).send(page);
  }

  /** Generators of clients look at the root. */
  @Get(['docs/openapi.json', 'openapi.json'])
  @Policy({ kind: 'public' })
  async document(@Res() reply: FastifyReply): Promise<void> {
    await reply.type('application/json').send(this.json);
  }

  /** Where the `link` of an error of the Luna surface leads. */
  @Get('docs/errors')
  @Policy({ kind: 'public' })
  async errors(@Res() reply: FastifyReply): Promise<void> {
    const page = renderErrorsPage([...Object.values(lunaErrors), ...managerErrorList]);
    await reply.type('text/html; charset=utf-8').header('Content-Security-Policy', errorsPagePolicy).send(page);
  }

  @Get('docs/assets/:file')
  @Policy({ kind: 'public' })
  async asset(@Param('file') file: string, @Res() reply: FastifyReply): Promise<void> {
    const { contentType, bytes } = await this.assets.get(file);
    await reply.type(contentType).header('Cache-Control', `public, max-age=${assetMaxAgeSeconds}`).send(bytes);
  }
}
