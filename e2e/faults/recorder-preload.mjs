// Loaded into the recorder before its own code (`--import`): makes its disk fail, or its wall clock jump, as the file that
// RECORDER_FAULT_FILE names says: {"clockOffsetMs": 3600000} or {"disk": "write-eio" | "sync-eio" | "halfway-enospc"}.
import fs from 'node:fs';
import { open } from 'node:fs/promises';

const file = process.env.RECORDER_FAULT_FILE;
delete process.env.RECORDER_FAULT_FILE;

function wanted() {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}

const failure = (code) => Object.assign(new Error(`${code}: injected`), { code, errno: -5 });
const handle = await open('/dev/null');
const prototype = Object.getPrototypeOf(handle);
await handle.close();
for (const name of ['appendFile', 'writeFile', 'writev', 'datasync', 'sync']) {
  const real = prototype[name];
  prototype[name] = async function (...parameters) {
    const { disk } = wanted();
    const isWrite = !name.endsWith('sync');
    if (disk === 'write-eio' && isWrite) throw failure('EIO');
    if (disk === 'sync-eio' && !isWrite) throw failure('EIO');
    if (disk === 'halfway-enospc' && isWrite) {
      const bytes = [parameters[0]].flat();
      const half = Buffer.concat(bytes).subarray(0, Buffer.concat(bytes).length >> 1);
      await real.call(this, name === 'writev' ? [half] : half);
      throw failure('ENOSPC');
    }
    return real.apply(this, parameters);
  };
}

const realNow = Date.now;
const offsetMs = () => wanted().clockOffsetMs ?? 0;
globalThis.Date = class extends Date {
  constructor(...parameters) {
    super(...(parameters.length === 0 ? [realNow() + offsetMs()] : parameters));
  }

  static now() {
    return realNow() + offsetMs();
  }
};
