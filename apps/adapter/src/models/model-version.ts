import { AppError } from '@nightjar/runtime/app-error';

/** A model as callers name it: `name`, or `name@version`. */
interface ModelReference {
  readonly name: string;
  readonly version: string | undefined;
}

/**
 * @param version where it travels beside the name
 * @throws AppError `invalid_argument` when two versions are named
 */
export function parseReference(reference: string, version?: string): ModelReference {
  const at = reference.indexOf('@');
  if (at < 0) return { name: reference, version };
  const named = { name: reference.slice(0, at), version: reference.slice(at + 1) };
  if (version !== undefined && version !== named.version) {
    throw new AppError('invalid_argument', `two versions are named: "${named.version}" and "${version}"`);
  }
  return named;
}

/** `name@version`: one version of a model, as maps and messages name it. */
export function modelKey({ name, version }: { readonly name: string; readonly version: string }): string {
  return `${name}@${version}`;
}

/** Orders versions as people do: numbers in them by value (`1.10` after `1.9`), a longer one after its beginning. */
export function compareVersions(a: string, b: string): number {
  const [partsOfA, partsOfB] = [partsOf(a), partsOf(b)];
  for (let index = 0; index < Math.max(partsOfA.length, partsOfB.length); index++) {
    const [left, right] = [partsOfA[index], partsOfB[index]];
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    const order = comparePart(left, right);
    if (order !== 0) return order;
  }
  return 0;
}

function partsOf(version: string): string[] {
  return version.match(/\d+|[A-Za-z]+/g) ?? [];
}

function comparePart(a: string, b: string): number {
  const [numberOfA, numberOfB] = [Number(a), Number(b)];
  if (Number.isFinite(numberOfA) && Number.isFinite(numberOfB)) return numberOfA - numberOfB;
  return a < b ? -1 : a > b ? 1 : 0;
}
