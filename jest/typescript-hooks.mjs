// Module hooks of Node for the spec workers: TypeScript by swc, the libraries from their sources, `@jest/globals` from this folder.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform, version } from '@swc/core';

const globalsUrl = new URL('./globals.mjs', import.meta.url).href;
/** The libraries' package.json name their sources under this condition. */
const sourceCondition = '@nightjar/source';
const swcOptions = {
  jsc: {
    target: 'es2023',
    keepClassNames: true,
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
  },
  module: { type: 'es6' },
  sourceMaps: 'inline',
  swcrc: false,
};
let cacheFolder;

/** @param data.cacheFolder where compiled files are kept: several workers compile the same sources */
export async function initialize(data) {
  cacheFolder = path.join(data.cacheFolder, 'typescript');
  await mkdir(cacheFolder, { recursive: true });
}

export async function resolve(specifier, context, nextResolve) {
  if (specifier === '@jest/globals') return { url: globalsUrl, format: 'module', shortCircuit: true };
  if (specifier.startsWith('.') && specifier.endsWith('.js') && isTypeScript(context.parentURL)) {
    const source = new URL(`${specifier.slice(0, -'.js'.length)}.ts`, context.parentURL);
    if (existsSync(source)) return { url: source.href, format: 'module', shortCircuit: true };
  }
  return nextResolve(specifier, { ...context, conditions: [...context.conditions, sourceCondition] });
}

export async function load(url, context, nextLoad) {
  if (!isTypeScript(url)) return nextLoad(url, context);
  return { format: 'module', source: await compile(fileURLToPath(url)), shortCircuit: true };
}

/** Of a spec file's URL, spec-runner.mjs makes a new module by a query. */
function isTypeScript(url) {
  return /^file:.*\.ts(\?load=\d+)?$/.test(url ?? '');
}

async function compile(file) {
  const source = await readFile(file, 'utf8');
  const key = createHash('sha1').update(version).update(JSON.stringify(swcOptions)).update(file).update('\0').update(source).digest('hex');
  const cached = path.join(cacheFolder, `${key}.js`);
  try {
    return await readFile(cached, 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  const { code } = await transform(source, { ...swcOptions, filename: file });
  // Renamed into place: another worker must never read half a file.
  const unfinished = `${cached}.${process.pid}`;
  await writeFile(unfinished, code);
  await rename(unfinished, cached);
  return code;
}
