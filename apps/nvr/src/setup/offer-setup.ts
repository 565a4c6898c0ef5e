import type { SetupTokensStore } from './setup-tokens.store.js';

/** Prints what the first user is made with, as long as there is none. Not through the log: logs are kept and shipped. */
export async function offerSetup(tokens: SetupTokensStore, print: (text: string) => void): Promise<void> {
  if (!(await tokens.isNeeded())) return;
  print(`\nThere is no user yet. Open the page and make one with this setup token (good for a day):\n\n  ${await tokens.make()}\n\n`);
}
