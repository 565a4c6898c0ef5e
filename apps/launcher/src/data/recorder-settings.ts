import path from 'node:path';
import { replaceFile } from '@nightjar/runtime';

/** Settings, not the rest of the environment. That somebody supervises it is true of the recorder alone. */
const isSetting = (name: string) => /^(NIGHTJAR_|DATABASE_URL$|NATS_URL$|FFMPEG_PATH$)/.test(name) && name !== 'NIGHTJAR_SUPERVISED';
const quotes = [`'`, '"', '`'];

/**
 * Keeps the settings of the recorder, as of this start, for the commands that check and repair what it wrote: `node --env-file=FILE`.
 * Mode 0600, as the credentials in it have where they are kept.
 */
export async function keepRecorderSettings(dataDir: string, environment: Readonly<Record<string, string>>): Promise<void> {
  await replaceFile(path.join(dataDir, 'recorder.env'), renderSettings(environment), { mode: 0o600 });
}

/** As Node reads them. A value with all kinds of quotes or a line break can't be written, and is left out: no setting has one. */
function renderSettings(environment: Readonly<Record<string, string>>): string {
  const lines = Object.entries(environment).flatMap(([name, value]) => {
    const quote = quotes.find((sign) => !value.includes(sign));
    return isSetting(name) && quote !== undefined && !/[\r\n]/.test(value) ? [`${name}=${quote}${value}${quote}\n`] : [];
  });
  return lines.join('');
}
