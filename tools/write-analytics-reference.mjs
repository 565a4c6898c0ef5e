// Writes docs/reference/analytics.md from the analytics that the agent offers; it must be built (`tsc -b apps/agent`).
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { analyticOffers } from '../apps/agent/dist/analytics/analytics.js';

const page = path.join(fileURLToPath(new URL('..', import.meta.url)), 'docs/reference/analytics.md');

/** A cell of a Markdown table: a bar would end it, an angle bracket would begin a tag. */
const cell = (text) => text.replaceAll('<', '&lt;').replaceAll('|', '\\|');

/** Every member of a parameters document with its path, depth first. */
function rowsOf(schema, at) {
  const members = Object.entries(schema.properties ?? {});
  return members.flatMap(([name, member]) => {
    const place = at === '' ? name : `${at}.${name}`;
    const inner = member.anyOf?.find(({ type }) => type === 'object') ?? member;
    const rows = inner.properties ? rowsOf(inner, place) : [];
    if (name === 'callbacks') return [];
    if (rows.length > 0 && !(member.description ?? inner.description) && !('default' in member && member.default === null)) return rows;
    const given = isEmpty(member.default) ? '' : `\`${JSON.stringify(member.default)}\``;
    const required = schema.required?.includes(name) ? 'required' : given;
    return [
      `| \`${place}\` | ${cell(required)} | ${cell(valuesOf(member))} | ${cell(member.description ?? inner.description ?? '')} |`,
      ...rows,
    ];
  });
}

/** Nothing that a reader needs to see: the members below have their own. */
function isEmpty(value) {
  return value === undefined || JSON.stringify(value) === '{}';
}

function valuesOf(member) {
  if (member.anyOf) return member.anyOf.map(valuesOf).join(', or ');
  if (member.enum) return member.enum.map((value) => `\`${value}\``).join(' ');
  if (member.prefixItems) return `[${member.prefixItems.map(valuesOf).join(', ')}]`;
  if (member.type === 'array') return `list of ${valuesOf(member.items)}${member.maxItems ? `, at most ${member.maxItems}` : ''}`;
  if (member.type !== 'integer' && member.type !== 'number') return member.type ?? '';
  const least = member.exclusiveMinimum === undefined ? `from ${member.minimum}` : `above ${member.exclusiveMinimum}`;
  return `${member.type} ${least} to ${member.maximum}`;
}

const sections = analyticOffers().map(
  ({ analytic_name, description, documentation, validation_schema, version }) => `## ${analytic_name}

${description} Version ${version}.

${documentation}

| member | default | values | meaning |
|---|---|---|---|
${rowsOf(validation_schema, '').join('\n')}
`,
);

fs.writeFileSync(
  page,
  `<!-- Written by tools/write-analytics-reference.mjs from apps/agent/src/analytics: change it there. -->

# Analytics and their parameters

What an analytic is, how it tells what it sees and what \`callbacks\` are: [the guide](../guide/analytics.md). The same rules stand as a
JSON Schema with each analytic that an agent offers.

${sections.join('\n')}`,
);
console.log(`docs/reference/analytics.md: ${sections.length} analytics`);
