import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import { DocsAssets, docsPage, docsPagePolicy } from '@nightjar/openapi';
import { AppError } from '@nightjar/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { stringify } from 'yaml';
import { asLuna, errorsPagePolicy, lunaErrors, preferredType, renderErrorsPage } from '@nightjar/luna';
import { agentDocument } from './agent-document.js';
import { manualPage, manualPagePolicy } from './manual-page.js';

/** Token of our own version, which the document names. */
export const AGENT_BUILD = Symbol('AGENT_BUILD');

const assetMaxAgeSeconds = 24 * 60 * 60;
const yamlTypes = ['application/x-yaml', 'application/yaml'] as const;

/** The agent's documentation. Open to everybody: it tells of the program, and nothing of its data. */
@Controller('docs')
export class DocsController {
  private readonly assets = new DocsAssets();
  private readonly document: object;
  private readonly yaml: string;

  constructor(@Inject(AGENT_BUILD) build: string) {
    this.document = agentDocument(build);
    this.yaml = stringify(this.document, { aliasDuplicateObjects: false });
  }

  @Get('spec')
  @Policy({ kind: 'public' })
  async spec(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    void reply.header('Vary', 'Accept');
    const type = preferredType(request.headers.accept, ['text/html', ...yamlTypes]);
    if (type === undefined)
      throw new AppError('invalid_argument', 'neither YAML nor HTML is accepted', {
        details: asLuna(lunaErrors.unsupportedMediaType, 'Unsupported media type'),
      });
    if (type !== 'text/html') return reply.type(type).send(this.yaml);
    const base = /\/(\?|$)/.test(request.url) ? './' : 'spec/';
    const page = docsPage({ title: 'Nightjar agent: API', base });
    return reply.type('text/html; charset=utf-8').header('Content-Security-Policy', docsPagePolicy).send(page);
  }

  @Get('spec/openapi.json')
  @Policy({ kind: 'public' })
  json(): object {
    return this.document;
  }

  @Get('spec/assets/:file')
  @Policy({ kind: 'public' })
  async asset(@Param('file') file: string, @Res() reply: FastifyReply): Promise<void> {
    const { contentType, bytes } = await this.assets.get(file);
    await reply.type(contentType).header('Cache-Control', `public, max-age=${assetMaxAgeSeconds}`).send(bytes);
  }

  /** Where the `link` of an error leads. */
  @Get('errors')
  @Policy({ kind: 'public' })
  async errors(@Res() reply: FastifyReply): Promise<void> {
    const page = renderErrorsPage(Object.values(lunaErrors));
    await reply.type('text/html; charset=utf-8').header('Content-Security-Policy', errorsPagePolicy).send(page);
  }

  @Get('dev')
  @Policy({ kind: 'public' })
  async manual(@Res() reply: FastifyReply): Promise<void> {
    await reply.redirect('/docs/dev/index.html', 302);
  }

  @Get('dev/index.html')
  @Policy({ kind: 'public' })
  async manualPage(@Res() reply: FastifyReply): Promise<void> {
    await reply.type('text/html; charset=utf-8').header('Content-Security-Policy', manualPagePolicy).send(manualPage);
  }
}
