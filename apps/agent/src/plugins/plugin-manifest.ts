import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { hasErrorCode } from '@nightjar/runtime';
import { z } from 'zod';

/** `plugin.json` of a folder that somebody dropped into the plugins directory. */
const PluginManifest = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/, 'must be lower case letters, digits and _'),
  version: z.string().min(1).max(32),
  description: z.string().max(500).default(''),
  /** `event`: called with each monitoring point. `background`: runs on its own until it is told to stop. */
  type: z.enum(['event', 'background']),
  /** A file of the same folder. */
  module: z.string().regex(/^[A-Za-z0-9_-]+\.m?js$/, 'must be the name of a .mjs or .js file beside it'),
  /** Handed to the plugin as it is. */
  settings: z.record(z.string(), z.unknown()).default({}),
});
type PluginManifest = z.infer<typeof PluginManifest>;

/** A plugin that was found, or a folder that claims to be one. */
export type FoundPlugin =
  (Omit<PluginManifest, 'module'> & { moduleUrl: string; problem?: undefined }) | { name: string; type: undefined; problem: string };

const manifestBytesMax = 64 * 1024;
const pluginsMax = 64;

/**
 * Looks through the plugins directory: a folder each, with `plugin.json` and a module.
 * @returns in the order of their folders; those whose manifest is wrong with the reason. Empty when there is no directory
 */
export async function findPlugins(directory: string): Promise<FoundPlugin[]> {
  const folders = await foldersIn(directory);
  return Promise.all(folders.slice(0, pluginsMax).map((folder) => readPlugin(path.join(directory, folder), folder)));
}

async function foldersIn(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .sort();
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return [];
    throw error;
  }
}

async function readPlugin(folder: string, name: string): Promise<FoundPlugin> {
  const wrong = (problem: string): FoundPlugin => ({ name: name.slice(0, 64), type: undefined, problem });
  try {
    const text = await readFile(path.join(folder, 'plugin.json'), 'utf8');
    if (text.length > manifestBytesMax) return wrong('plugin.json is too long');
    const read = PluginManifest.safeParse(JSON.parse(text));
    if (!read.success)
      return wrong(`plugin.json: ${read.error.issues.map(({ path: at, message }) => `${at.join('.')} ${message}`).join('; ')}`);
    const { module, ...manifest } = read.data;
    return { ...manifest, moduleUrl: pathToFileURL(path.join(folder, module)).href };
  } catch (error) {
    return wrong(hasErrorCode(error, 'ENOENT') ? 'it has no plugin.json' : 'plugin.json cannot be read');
  }
}
