// `npm run check`: what CI runs before the journey. Build first, then two lanes side by side, for each of their steps keeps one
// core busy, then the integration specs alone: neighbours would only slow their waits down.
// A step's output is shown when it ends. The first that fails stops the others; the exit code is 1.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stages = [[['build']], [['lint'], ['typecheck', 'deploy:check', 'test:unit']], [['check:int']]];
/** What to signal: a process, or (negative) its group. */
const running = new Set();

/** Runs a script of package.json; resolves with what it wrote and whether it succeeded. Alone, it writes straight to the terminal. */
function runScript(script, isAlone) {
  return new Promise((resolve) => {
    const output = [];
    const stdio = isAlone ? 'inherit' : ['ignore', 'pipe', 'pipe'];
    // A process group of its own: npm does not pass signals on to all that a script started.
    const child = spawn('npm', ['run', '--silent', script], { cwd: root, stdio, detached: !isAlone });
    const target = isAlone ? child.pid : -child.pid;
    running.add(target);
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => output.push(chunk));
    child.once('error', (error) => resolve({ ok: false, output: String(error) }));
    child.once('close', (code) => {
      running.delete(target);
      resolve({ ok: code === 0, output: Buffer.concat(output).toString() });
    });
  });
}

function stopOthers() {
  for (const target of running) {
    try {
      process.kill(target, 'SIGTERM');
    } catch (error) {
      if (error.code !== 'ESRCH') throw error; // it ended meanwhile
    }
  }
}

async function runLane(scripts, isAlone) {
  for (const script of scripts) {
    const startedMs = performance.now();
    if (isAlone) console.log(`check: ${script} ...`);
    const { ok, output } = await runScript(script, isAlone);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
    if (output.trim() !== '') console.log(output.trimEnd());
    console.log(`check: ${script} ${ok ? 'passed' : 'FAILED'} after ${seconds} s`);
    if (ok) continue;
    stopOthers();
    process.exit(1);
  }
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    stopOthers();
    process.exit(1);
  });
}
for (const lanes of stages) await Promise.all(lanes.map((scripts) => runLane(scripts, lanes.length === 1)));
