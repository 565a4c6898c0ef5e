// Writes the types of libs/job-api-client from the API document of the gateway. Build first: npx tsc -b
// usage: node tools/generate-job-api-client.mjs [--check]      --check: fails when the file is not what it would write
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import openapiTypescript, { astToString } from 'openapi-typescript';
import { format, resolveConfig } from 'prettier';
import { gatewayDocument } from '../apps/gateway/dist/docs/gateway-document.js';
import { OperationPaths } from '../apps/gateway/dist/http/operation-paths.js';
import { contractPrefix } from '../apps/gateway/dist/http/routes.js';

const target = fileURLToPath(new URL('../libs/job-api-client/src/job-api-types.ts', import.meta.url));
const document = gatewayDocument({
  paths: new OperationPaths({ prefix: contractPrefix, paths: {} }),
  keyHeader: 'X-API-Key',
  // Of no installation: the types do not change with it.
  version: '0',
});
const types = astToString(await openapiTypescript(JSON.parse(JSON.stringify(document)), { alphabetize: true }));
const note = '// Written by tools/generate-job-api-client.mjs from the API document of the gateway. Do not edit.\n';
const text = await format(note + types, { ...(await resolveConfig(target)), parser: 'typescript' });

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('libs/job-api-client is behind the API document: npx tsc -b && node tools/generate-job-api-client.mjs');
    process.exit(1);
  }
} else writeFileSync(target, text);
console.log(`job API client: ${Object.keys(document.paths).length} paths`);
