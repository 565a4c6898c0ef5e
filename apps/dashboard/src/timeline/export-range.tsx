import { useEffect, useState } from 'react';
import { cancelExport, readExport, startExport, type Export } from '../api/recordings.js';
import type { Api } from '../api.js';
import { Problem } from '../loading/problem.js';
import { useAction } from '../loading/use-action.js';
import { downloadExport } from './download-export.js';
import type { Range } from './time-view.js';

const pollMs = 1_000;
const hoursMax = 4;

/** Has a range made into a file, says how far that is, and downloads it. */
export function ExportRange({ api, cameraId, onStarted, range }: { api: Api; cameraId: number; range: Range; onStarted: () => void }) {
  const action = useAction();
  const [making, setMaking] = useState<Export>();
  const [pollProblem, setPollProblem] = useState<string>();
  const isTooLong = range.endUnix - range.startUnix > hoursMax * 3_600;
  const isRunning = making?.state === 'queued' || making?.state === 'running';
  const id = making?.id;
  useEffect(() => {
    if (!isRunning || id === undefined) return;
    const stop = new AbortController();
    const look = async () => {
      try {
        setMaking(await readExport(api, id, stop.signal));
        setPollProblem(undefined);
      } catch (error) {
        if (!stop.signal.aborted) setPollProblem((error as Error).message);
      }
      // The next question comes after the answer, however long that takes.
      if (!stop.signal.aborted) timer = setTimeout(() => void look(), pollMs);
    };
    let timer = setTimeout(() => void look(), pollMs);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [api, id, isRunning]);
  const start = () =>
    action.run(async () => {
      setMaking(await startExport(api, cameraId, range));
      onStarted();
    });
  return (
    <div className="export">
      {!isRunning && making?.state !== 'ready' && (
        <button type="button" disabled={action.isBusy || isTooLong} onClick={() => void start()}>
          Export as a file
        </button>
      )}
      {isTooLong && <p className="problem">{`An export has at most ${hoursMax} hours.`}</p>}
      {isRunning && id !== undefined && (
        <>
          <label>
            {making.state === 'queued' ? 'Waiting for its turn' : 'Making the file'}
            <progress max={1} value={making.progress} />
          </label>
          <button type="button" disabled={action.isBusy} onClick={() => void action.run(() => cancelExport(api, id))}>
            Cancel
          </button>
        </>
      )}
      {making?.state === 'ready' && (
        <button
          type="button"
          className="main-action"
          disabled={action.isBusy}
          onClick={() => void action.run(() => downloadExport(api, making.id))}
        >
          Download the file
        </button>
      )}
      {making?.state === 'failed' && <Problem text={making.error ?? 'The file could not be made.'} />}
      <Problem text={action.problem ?? pollProblem} />
    </div>
  );
}
