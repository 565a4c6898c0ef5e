import type { ChosenAnalytic } from './luna-analytics.service.js';

const mask = '****';
/** Of a callback, what is no secret. All other text of it may be: agents of others have callbacks of their own. */
const openPaths = ['type', 'authorization.type', 'authorization.login', 'params.content_type'];

/** Analytics as they are shown to who may not change them: which callbacks there are, and to which hosts, without what opens those. */
export function withoutCallbackSecrets(analytics: readonly ChosenAnalytic[]): ChosenAnalytic[] {
  return analytics.map((analytic) => ({ ...analytic, parameters: maskedParameters(analytic.parameters) as Record<string, unknown> }));
}

/** Callbacks stand in the parameters, or in the parameters of those. */
function maskedParameters(value: unknown): unknown {
  return mapped(value, (member, name) => (name === 'callbacks' ? maskedCallbacks(member) : maskedParameters(member)));
}

function maskedCallbacks(value: unknown): unknown {
  return Array.isArray(value) ? value.map((callback) => masked(callback, '')) : masked(value, '');
}

function masked(value: unknown, path: string): unknown {
  if (typeof value === 'string') return openPaths.includes(path) ? value : path === 'url' ? maskedUrl(value) : mask;
  return mapped(value, (member, name) => masked(member, path === '' ? name : `${path}.${name}`));
}

/** Path and query too are what many services know their callers by. */
function maskedUrl(text: string): string {
  if (!URL.canParse(text)) return mask;
  const { host, protocol } = new URL(text);
  return `${protocol}//${host}/${mask}`;
}

/** What is neither list nor object stays as it is. */
function mapped(value: unknown, change: (member: unknown, name: string) => unknown): unknown {
  if (Array.isArray(value)) return value.map((member, index) => change(member, String(index)));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, change(member, name)]));
}
