import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { defineTask, resultOf, type Task } from '../task.js';

const Input = z.object({
  via: z
    .enum(['adapter', 'engine'])
    .optional()
    .describe('Who looks at the bytes: the adapter itself (default), or an engine process, which shows what the way there costs'),
});

const Output = z.object({ size_bytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) });

/** What is hashed at a time; other callers are served in between. */
const sliceBytes = 1024 * 1024;

/** Says what arrived and does nothing else: the server's own overhead. Takes any bytes, not only pictures. */
export function identity(): Task {
  return defineTask({
    name: 'identity',
    description: "Answers with size and hash of the bytes that arrived, to check the way and to measure the server's own overhead",
    needs: [],
    pictureFields: ['frame'],
    takesAnyBytes: true,
    bboxFormat: 'ltwh',
    input: Input,
    output: Output,
    example: {
      input: {},
      body: { size_bytes: 5, sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824' },
    },
    steps: ({ input }) => (input.via === 'engine' ? [{ task: 'echo', options: {} }] : []),
    answer: async (outcomes, { input, pictures }) => {
      if (input.via === 'engine') {
        const { sizeBytes, sha256 } = resultOf(outcomes, 'echo');
        return { body: { size_bytes: sizeBytes, sha256 } };
      }
      const bytes = pictures.get('frame') ?? new Uint8Array();
      return { body: { size_bytes: bytes.length, sha256: await sha256Of(bytes) } };
    },
  });
}

/** In slices, and not in a thread of the system's: to hand it 23 MB took this one longer than to hash two. */
async function sha256Of(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  for (let start = 0; start < bytes.length; start += sliceBytes) {
    if (start > 0) await setImmediate();
    hash.update(bytes.subarray(start, start + sliceBytes));
  }
  return hash.digest('hex');
}
