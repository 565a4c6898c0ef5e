// The cheap watch, measured: `node bench/agent/run.mjs [wake-up] [night] [P9] [P10] [--minutes 10] [--seconds 20] [--turns 3]`. Build first:
// npx tsc -b apps/agent libs/testing. Scenes are rendered anew each time.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { measureIdle } from './idle-cpu.mjs';
import { renderScene } from './scenes.mjs';
import { playScene } from './wake-up.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '20' },
    turns: { type: 'string', default: '3' },
  },
});
const bars = { 'wake-up': wakeUp, night, P9: idleCost, P10: busyCost };
const wanted = positionals.length > 0 ? positionals : Object.keys(bars);
const unknown = wanted.filter((name) => !Object.hasOwn(bars, name));
if (unknown.length > 0) throw new Error(`no such bar: ${unknown.join(', ')}; there are ${Object.keys(bars).join(', ')}`);

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'nightjar-bench-'));
try {
  console.log(
    `${os.cpus()[0].model}, ${os.cpus().length} cores, Node ${process.versions.node}, commit ${commit()}, load ${os.loadavg()[0].toFixed(1)}`,
  );
  for (const name of wanted) await bars[name]();
} finally {
  fs.rmSync(dir, { recursive: true, force: true });
}

async function wakeUp() {
  const seconds = Number(values.minutes) * 60;
  console.log('\nwake-up: something walks for 5 s every 97 s; delay until everything is decoded, and what it saves');
  const streams = [
    ['VBR, light noise', { noise: 4, rate: { crf: 26 } }],
    ['VBR, heavy noise', { noise: 24, rate: { crf: 26 } }],
    ['CBR 300 kbit/s, light noise', { noise: 4, rate: { kbits: 300 } }],
    ['CBR 1.5 Mbit/s, heavy noise', { noise: 24, rate: { kbits: 1_500 } }],
  ];
  for (const [title, scene] of streams)
    for (const gopSeconds of [1, 2, 10]) {
      const rendered = renderScene(dir, { name: `walk-${gopSeconds}`, seconds, gopSeconds, ...scene });
      const seen = await playScene(rendered);
      const delays = seen.delaysMs.filter((ms) => ms !== undefined).sort((a, b) => a - b);
      console.log(
        `  ${title.padEnd(30)} GOP ${String(gopSeconds).padStart(2)} s: ${seen.separation.padEnd(13)} delay median ${ms(delays[delays.length >> 1])}, longest ${ms(delays.at(-1))}; ` +
          `missed ${seen.missed} of ${rendered.times.length}; woken for nothing ${seen.wakesForNothing}; ` +
          `asked ${seen.asked} of ${seen.alwaysAsked} (${share(seen.asked, seen.alwaysAsked)}), decoded pictures ${share(seen.pictures, seen.alwaysAsked)}`,
      );
      fs.rmSync(rendered.file);
    }
}

async function night() {
  console.log('\nnight: nothing moves for an hour (20 minutes three times); how often it wakes');
  for (const [title, noise, rate] of [
    ['VBR, light noise', 6, { crf: 28 }],
    ['VBR, heavy noise', 30, { crf: 30 }],
    ['CBR 800 kbit/s, heavy noise', 30, { kbits: 800 }],
  ]) {
    const rendered = renderScene(dir, {
      name: 'night',
      seconds: 1_200,
      gopSeconds: 4,
      noise,
      rate,
      walks: false,
      size: [192, 108],
      preset: 'ultrafast',
    });
    const seen = await playScene(rendered, { rounds: 3 });
    console.log(
      `  ${title.padEnd(30)} ${seen.separation.padEnd(13)} wakes an hour ${(seen.wakes.length / seen.hours).toFixed(1)} (by sizes, found false: ${seen.falseWakes}); idle ${share(seen.idleMs / 3_600_000, seen.hours)} of the time`,
    );
    fs.rmSync(rendered.file);
  }
}

async function idleCost() {
  console.log(
    '\nP9: a quiet camera, idle against always decoded; P10: always decoded against a bare FFmpeg. CPU-ms a second, FFmpegs included',
  );
  for (const [title, size, fps, rate] of [
    ['1080p30', [1_920, 1_080], 30, { kbits: 4_000 }],
    ['360p15', [640, 360], 15, { crf: 28 }],
  ]) {
    const rendered = renderScene(dir, {
      name: 'quiet',
      seconds: 8,
      gopSeconds: 2,
      noise: 4,
      size,
      fps,
      rate,
      walks: false,
      preset: 'ultrafast',
    });
    const kbits = Math.round((rendered.bytes * 8) / 8 / 1_000);
    const samples = await measureIdle({
      clip: rendered.file,
      cameraFps: fps,
      seconds: Number(values.seconds),
      turns: Number(values.turns),
    });
    const of = (key) => spread(samples.map((sample) => sample[key])).median;
    const [p9, p10, p10File] = [
      ['idle', 'always'],
      ['always', 'bareCamera'],
      ['always', 'bareFile'],
    ].map(([one, other]) => spread(samples.map((sample) => sample[one] / sample[other])).text);
    console.log(
      `  ${title}, ${kbits} kbit/s: idle ${of('idle').toFixed(1)} (${of('idleOurs').toFixed(1)} of them ours), always ${of('always').toFixed(1)} (${of('alwaysOurs').toFixed(1)} ours), ` +
        `bare FFmpeg at the camera ${of('bareCamera').toFixed(1)}, at the file ${of('bareFile').toFixed(1)}\n` +
        `    P9 ${p9}; P10 ${p10} at the camera, ${p10File} at the file\n` +
        `    cameras a core: idle ${Math.floor(1_000 / of('idle'))}, busy ${Math.floor(1_000 / of('always'))}; pictures a second ${of('alwaysPictures').toFixed(2)}, ` +
        `${of('alwaysAgeMs').toFixed(0)} ms after their arrival; idle: ${samples.map(({ state }) => state).join(', ')}; load ${os.loadavg()[0].toFixed(1)}`,
    );
  }
}

async function busyCost() {
  console.log('\nP10: a busy substream, two pictures a second and no model, against a bare FFmpeg. CPU-ms a second, FFmpegs included');
  for (const fps of [10, 15]) {
    const scene = { name: 'busy', seconds: 10, gopSeconds: 2, noise: 4, size: [640, 360], fps, rate: { crf: 28 }, busy: true };
    const { bytes, file: clip } = renderScene(dir, scene);
    const samples = await measureIdle({ clip, cameraFps: fps, seconds: Number(values.seconds), turns: Number(values.turns) });
    const of = (key) => spread(samples.map((sample) => sample[key])).median.toFixed(1);
    const [atCamera, atFile] = ['bareCamera', 'bareFile'].map((bare) => spread(samples.map((sample) => sample.always / sample[bare])).text);
    console.log(
      `  640 x 360 at ${fps} a second, ${Math.round((bytes * 8) / scene.seconds / 1_000)} kbit/s: ${of('always')} (${of('alwaysOurs')} ours), ` +
        `bare FFmpeg at the camera ${of('bareCamera')}, at the file ${of('bareFile')}; ` +
        `P10 ${atCamera} at the camera, ${atFile} at the file; load ${os.loadavg()[0].toFixed(1)}`,
    );
  }
}

/** Of the turns of a run. */
function spread(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const median = sorted[sorted.length >> 1];
  return { median, text: `${median.toFixed(2)} (${sorted[0].toFixed(2)} to ${sorted.at(-1).toFixed(2)})` };
}

function ms(value) {
  return value === undefined ? 'never' : `${Math.round(value)} ms`;
}

function share(part, whole) {
  return `${Math.round((100 * part) / whole)} %`;
}

function commit() {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown';
  }
}
