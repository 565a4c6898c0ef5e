// Writes docs/reference/config.md from the table of settings in libs/runtime, which must be built (`tsc -b libs/runtime`).
// With --check it writes nothing and fails when the page is stale.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { settings } from '@nightjar/runtime';
import { z } from 'zod';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = path.join(root, 'docs/reference/config.md');

/** Settings by app, read from the calls of `loadSettings` in each app's config.ts. */
function readersOfSettings() {
  const readers = new Map(Object.keys(settings).map((name) => [name, []]));
  for (const app of fs.readdirSync(path.join(root, 'apps')).sort()) {
    const file = path.join(root, 'apps', app, 'src/config.ts');
    if (!fs.existsSync(file)) continue;
    const named = new Set(fs.readFileSync(file, 'utf8').match(/\b[A-Z][A-Z0-9_]+\b/g));
    for (const [name, apps] of readers) if (named.has(name)) apps.push(app);
  }
  for (const name of ['NIGHTJAR_LOG_LEVEL', 'NIGHTJAR_SUPERVISED']) readers.set(name, ['all']);
  return readers;
}

/** What a setting may be, in the words of its schema. */
function describeValues(schema) {
  const {
    enum: choices,
    type,
    format,
    pattern,
    minimum,
    exclusiveMinimum,
    maximum,
    minLength,
  } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  if (choices) return choices.map((choice) => `\`${choice}\``).join(' ');
  if (type === 'integer' || type === 'number') {
    const least = exclusiveMinimum === undefined ? `from ${minimum}` : `above ${exclusiveMinimum}`;
    return `${type} ${least}${maximum === Number.MAX_SAFE_INTEGER ? '' : ` to ${maximum}`}`;
  }
  if (format === 'uri') return 'URL';
  if (pattern) return `\`${pattern}\``;
  return minLength > 1 ? `text, at least ${minLength} characters` : 'text';
}

function describeDefault(schema) {
  const { success, data } = schema.safeParse(undefined);
  if (!success) return 'required';
  return data === undefined || data === '' ? '' : `\`${data}\``;
}

/** A cell of a Markdown table: a bar would end it, an angle bracket outside code would begin a tag. */
const cell = (text) => (text.includes('`') ? text : text.replaceAll('<', '&lt;')).replaceAll('|', '\\|');

function renderPage() {
  const readers = readersOfSettings();
  const rows = Object.entries(settings).map(([name, { schema, help }]) => {
    const cells = [`\`${name}\``, describeDefault(schema), describeValues(schema), help, readers.get(name).join(', ')];
    return `| ${cells.map(cell).join(' | ')} |`;
  });
  return `<!-- Written by tools/write-config-reference.mjs from libs/runtime/src/settings.ts: change it there. -->

# Settings

Every process reads its settings from the environment, once, at start. An empty value counts as absent. A name that begins with
\`NIGHTJAR_\` and does not stand here is refused, and so is a wrong value: the process prints one line that names the setting and
exits with 1. \`npm start\` also reads a file \`.env\` at the root of the checkout; the environment outranks it.

The last column names the apps whose \`config.ts\` reads the setting.

| name | default | values | meaning | read by |
|---|---|---|---|---|
${rows.join('\n')}
`;
}

const rendered = renderPage();
if (process.argv.includes('--check')) {
  const written = fs.existsSync(page) ? fs.readFileSync(page, 'utf8') : '';
  if (written !== rendered) {
    console.error('docs/reference/config.md is stale: run "node tools/write-config-reference.mjs"');
    process.exit(1);
  }
} else {
  fs.mkdirSync(path.dirname(page), { recursive: true });
  fs.writeFileSync(page, rendered);
  console.log(`docs/reference/config.md: ${Object.keys(settings).length} settings`);
}
