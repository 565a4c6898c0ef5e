// The `testRunner` of jest.config.mjs: jest-circus over Node's own modules instead of Jest's.
// Jest gives each spec file a vm context and links every module anew in it: 1.5 to 3 s of CPU for a spec that starts an app, a
// third of the integration run, and `instanceof Error` fails for errors of the other realm. Here a worker loads a module once and
// the spec files that it runs share it. The price: no module mocks (we have none), and a spec must leave no state in a module.
import { createRequire, register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { bindGlobals } from './globals.mjs';

const require = createRequire(import.meta.url);
const { default: runSpecs } = require('jest-circus/runner');
const testTimeout = Symbol.for('TEST_TIMEOUT_SYMBOL');
const frameworkSymbols = new Set(['JEST_STATE_SYMBOL', 'EVENT_HANDLERS', testTimeout.description]);
let hooksAreRegistered = false;
let loads = 0;

/** What jest-circus asks of a jest-runtime, answered by Node. */
class NodeModules {
  constructor(environment, cacheFolder) {
    this.environment = environment;
    if (!hooksAreRegistered) register('./typescript-hooks.mjs', import.meta.url, { data: { cacheFolder } });
    hooksAreRegistered = true;
  }

  /** The framework keeps its state in its module and, by its symbols, in the global object: each spec file gets both anew. */
  requireInternalModule(file) {
    delete require.cache[file];
    for (const symbol of Object.getOwnPropertySymbols(globalThis)) {
      if (frameworkSymbols.has(symbol.description)) delete globalThis[symbol];
    }
    return require(file);
  }

  setGlobalsForRuntime(globals) {
    bindGlobals({ ...globals, jest: jestObject(this.environment) });
  }

  unstable_shouldLoadAsEsm() {
    return true;
  }

  /** The query makes the file a new module: `--watch` runs one again in the same worker. */
  async unstable_importModule(file) {
    await import(`${pathToFileURL(file).href}?load=${++loads}`);
  }

  requireModule(file) {
    return require(file);
  }

  // For messages about imports after the end, which Node does not forbid.
  enterTestCode() {}
  leaveTestCode() {}
}

/** The part of Jest's `jest` object that our specs use: timers, spies. */
function jestObject({ fakeTimersModern: timers, moduleMocker }) {
  const jest = {
    fn: moduleMocker.fn.bind(moduleMocker),
    spyOn: moduleMocker.spyOn.bind(moduleMocker),
    restoreAllMocks: () => moduleMocker.restoreAllMocks(),
    useFakeTimers: (options) => (timers.useFakeTimers(options), jest),
    useRealTimers: () => (timers.useRealTimers(), jest),
    setSystemTime: (time) => timers.setSystemTime(time),
    advanceTimersByTime: (ms) => timers.advanceTimersByTime(ms),
    advanceTimersByTimeAsync: (ms) => timers.advanceTimersByTimeAsync(ms),
    getTimerCount: () => timers.getTimerCount(),
    setTimeout: (ms) => ((globalThis[testTimeout] = ms), jest),
  };
  return jest;
}

export default async function runSpecFile(globalConfig, config, environment, _runtime, specFile, sendMessageToJest) {
  const modules = new NodeModules(environment, config.cacheDirectory);
  // jest-runner has just set one that knows nothing of what the hooks compiled; Node's own reads the inline source maps.
  Error.prepareStackTrace = undefined;
  process.setSourceMapsEnabled(true);
  return runSpecs(globalConfig, config, environment, modules, specFile, sendMessageToJest);
}
