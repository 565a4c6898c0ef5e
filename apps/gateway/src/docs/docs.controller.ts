import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import { DocsAssets, docsPage, docsPagePolicy, type OpenApiDocument } from '@nightjar/openapi';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { routes } from '../http/routes.js';

const assetMaxAgeSeconds = 24 * 60 * 60;

/** The document of this installation, made when it starts. */
export class ApiDocument {
  constructor(readonly document: OpenApiDocument) {}
}

/** `/docs`: the API document, and a page to read it. Open to everybody: it tells of the program, and nothing of its data. */
@Controller()
export class DocsController {
  private readonly assets = new DocsAssets();

  constructor(private readonly api: ApiDocument) {}

  @Get('docs')
  @Policy({ kind: 'public' })
  async page(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const base = /\/(\?|$)/.test(request.url) ? './' : 'docs/';
    const page = docsPage({ title: 'Nightjar job API', base });
    await reply.type('text/html; charset=utf-8').header('Content-Security-Policy', docsPagePolicy).send(page);
  }

  @Get(['docs/openapi.json', routes.openapi])
  @Policy({ kind: 'public' })
  document(): OpenApiDocument {
    return this.api.document;
  }

  @Get('docs/assets/:file')
  @Policy({ kind: 'public' })
  async asset(@Param('file') file: string, @Res() reply: FastifyReply): Promise<void> {
    const { contentType, bytes } = await this.assets.get(file);
    await reply.type(contentType).header('Cache-Control', `public, max-age=${assetMaxAgeSeconds}`).send(bytes);
  }
}
