import type { z } from 'zod';
import { AppError } from '@nightjar/runtime/app-error';
import { cocoLabels } from './builtin/coco-labels.js';
import { ModelManifestFile, type ModelManifest } from './model-manifest.js';

/** More are of no use to who mends the file. */
const maxNamedIssues = 5;

/**
 * Parses a `model.json`.
 * @param readLabels gives the text of a labels file, one label a line
 * @throws AppError `invalid_argument` that names every field that is wrong
 */
export async function readManifest(json: string, readLabels: (path: string) => Promise<string>): Promise<ModelManifest> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new AppError('invalid_argument', 'model.json is no JSON', { cause });
  }
  const parsed = ModelManifestFile.safeParse(value);
  if (!parsed.success) throw new AppError('invalid_argument', `model.json: ${describeIssues(parsed.error.issues)}`);
  const { labels } = parsed.data;
  if (Array.isArray(labels)) return { ...parsed.data, labels };
  if ('preset' in labels) return { ...parsed.data, labels: cocoLabels };
  return { ...parsed.data, labels: linesOf(await readLabels(labels.file), labels.file) };
}

/** The manifest of a model that comes with Nightjar. Its files must have hashes. @throws Error when it is wrong */
export function builtinManifest(
  manifest: Omit<z.input<typeof ModelManifestFile>, 'labels'> & { readonly labels?: readonly string[] },
): ModelManifest {
  const parsed = ModelManifestFile.parse(manifest);
  const unhashed = parsed.files.find(({ sha256 }) => sha256 === undefined);
  if (unhashed) throw new Error(`built-in model "${parsed.name}": ${unhashed.path} has no sha256`);
  return { ...parsed, labels: manifest.labels ?? [] };
}

function linesOf(text: string, file: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  while (lines.at(-1) === '') lines.pop();
  if (lines.length === 0 || lines.some((line) => line === '' || line.length > 200) || lines.length > 20_000) {
    throw new AppError('invalid_argument', `labels: ${file} must hold 1 to 20000 lines of 1 to 200 characters`);
  }
  return lines;
}

function describeIssues(issues: readonly z.core.$ZodIssue[]): string {
  const texts = issues.slice(0, maxNamedIssues).map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message));
  if (issues.length > maxNamedIssues) texts.push(`and ${issues.length - maxNamedIssues} more`);
  return texts.join('; ');
}
