import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { AppError } from '@nightjar/runtime';

interface DocsAsset {
  readonly contentType: string;
  readonly bytes: Buffer;
}

const script = 'text/javascript; charset=utf-8';

/** All that the page may load, by name; from the package that draws it. */
const packaged: ReadonlyMap<string, string> = new Map([
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', script],
  ['favicon-32x32.png', 'image/png'],
]);

/** Starts the page's own script beside the document, wherever a proxy has put both. */
const starter = `const base = location.pathname.replace(/\\/+$/, '');
SwaggerUIBundle({ url: base + '/openapi.json', dom_id: '#api', deepLinking: true, docExpansion: 'list', defaultModelsExpandDepth: 0 });
`;

/** The page loads and asks nobody but us. Its script sets styles on elements, which needs `unsafe-inline` for styles only. */
export const docsPagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * A page that draws the document.
 * @param options.base where the page stands, as its own address has it: `/docs` and `/docs/` are the same page
 */
export function docsPage({ title, base }: { title: string; base: string }): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" type="image/png" href="${base}assets/favicon-32x32.png">
<link rel="stylesheet" href="${base}assets/swagger-ui.css">
</head>
<body>
<div id="api"><p>The API document is <a href="${base}openapi.json">openapi.json</a>; this page draws it with JavaScript.</p></div>
<script src="${base}assets/swagger-ui-bundle.js"></script>
<script src="${base}assets/start.js"></script>
</body>
</html>
`;
}

/** Files of the page, each read once, for `<base>assets/<name>`. */
export class DocsAssets {
  private readonly read = new Map<string, Promise<DocsAsset>>([
    ['start.js', Promise.resolve({ contentType: script, bytes: Buffer.from(starter) })],
  ]);

  /** @throws AppError `not_found` for every other name, or where the package is not installed */
  async get(name: string): Promise<DocsAsset> {
    const contentType = packaged.get(name);
    const known = this.read.get(name);
    if (known) return known;
    if (contentType === undefined) throw new AppError('not_found', 'there is no such file');
    const asset = readPackaged(name, contentType);
    this.read.set(name, asset);
    return asset;
  }
}

async function readPackaged(name: string, contentType: string): Promise<DocsAsset> {
  try {
    const folder = path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
    return { contentType, bytes: await readFile(path.join(folder, name)) };
  } catch (cause) {
    throw new AppError('not_found', 'the page is not installed; the document is at /docs/openapi.json', { cause });
  }
}
