import { useState } from 'react';
import type { Api } from '../api.js';
import { readDecoding } from '../api/decoding.js';
import { Problem } from '../loading/problem.js';
import { useAction } from '../loading/use-action.js';
import { decodeText } from './decode-words.js';

const timeoutMs = 10_000;

/** Says on demand how much of a camera is decoded, of which of its streams, and why. */
export function DecodeState({ api, cameraId }: { api: Api; cameraId: number }) {
  const action = useAction();
  const [text, setText] = useState<string>();
  const ask = () => action.run(async () => setText(decodeText(await readDecoding(api, cameraId, AbortSignal.timeout(timeoutMs)))));
  return (
    <>
      <button type="button" disabled={action.isBusy} onClick={() => void ask()}>
        What is decoded?
      </button>
      {text && <p role="status">{text}</p>}
      <Problem text={action.problem} />
    </>
  );
}
