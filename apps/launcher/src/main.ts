import { readLauncherConfig } from './config.js';
import { parseOptions, renderHelp } from './options.js';
import { runLauncher } from './run-launcher.js';
import { explainFailure } from './terminal/explain-failure.js';
import { Terminal } from './terminal/terminal.js';

/** Entry of `npm start`. */
async function main(words: readonly string[]): Promise<number> {
  const terminal = new Terminal(process.stdout);
  try {
    if (parseOptions(words).help) {
      terminal.line(renderHelp());
      return 0;
    }
    return await runLauncher(readLauncherConfig(), terminal);
  } catch (error) {
    terminal.line(`nightjar: ${explainFailure(error)}`);
    return 1;
  }
}

process.exit(await main(process.argv.slice(2)));
