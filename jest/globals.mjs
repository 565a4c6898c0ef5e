// What specs import as `@jest/globals`. The module lives as long as its worker, its bindings are those of the spec file that runs.
export let afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest, test;

/** Binds the names to the functions of the next spec file. */
export function bindGlobals(ofThisFile) {
  ({ afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest, test } = ofThisFile);
}
