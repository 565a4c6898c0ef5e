// CPU time of a server that starts processes of its own, Postgres above all.
import fs from 'node:fs';
import { cpuMsOf } from '../adapter/processes.mjs';
import { processTree } from '../../e2e/faults/job-system.mjs';

const msPerTick = 10;
const triesMax = 20;

/** Of a server process and all that it started, those that have ended too. */
export function treeCpuMs(pid) {
  for (let tries = 1; ; tries++) {
    try {
      return endedCpuMs(pid) + cpuMsOf(processTree(pid));
    } catch (error) {
      // One of them ended while it was read: it counts as ended when all are read again.
      if (!['ENOENT', 'ESRCH'].includes(error.code) || tries === triesMax) throw error;
    }
  }
}

function endedCpuMs(pid) {
  const [endedUser, endedSystem] = fs
    .readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
    .slice(13, 15);
  return (Number(endedUser) + Number(endedSystem)) * msPerTick;
}
