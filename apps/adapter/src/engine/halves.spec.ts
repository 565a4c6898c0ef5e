import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const source = fileURLToPath(new URL('..', import.meta.url));

/** All files of this app that a file needs at run time or for its types, itself included. */
function reachableFrom(entry: string): Set<string> {
  const found = new Set<string>();
  const visit = (file: string) => {
    if (found.has(file)) return;
    found.add(file);
    const text = readFileSync(path.join(source, file), 'utf8');
    for (const [, target] of text.matchAll(/from '(\.[^']+)\.js'/g)) visit(path.join(path.dirname(file), `${target}.ts`));
  };
  visit(entry);
  return found;
}

describe('the two halves of the adapter', () => {
  it('share nothing but the protocol', () => {
    const engine = reachableFrom('engine/engine-process.ts');
    const parent = reachableFrom('main.ts');
    expect([...engine].filter((file) => parent.has(file)).sort()).toEqual([
      'backends/float16.ts',
      'backends/tensor.ts',
      'engine/engine-tasks.ts',
      'engine/protocol.ts',
      // How messages name a model.
      'models/model-version.ts',
    ]);
    // The walk really went through both.
    expect(engine.has('backends/onnx/onnx-session.ts')).toBe(true);
    expect(parent.has('engine/engine-slot.ts')).toBe(true);
  });

  it('start an engine process without the HTTP frame: of the runtime it loads the parts it needs', () => {
    const loadsAll = /^import \{[^}]*\} from '@nightjar\/runtime';$/m;
    const heavy = [...reachableFrom('engine/engine-process.ts')].filter((file) =>
      loadsAll.test(readFileSync(path.join(source, file), 'utf8')),
    );
    expect(heavy).toEqual([]);
  });
});
