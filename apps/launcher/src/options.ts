import { settings, SettingsError } from '@nightjar/runtime';

/** What the command line asks for. */
interface LauncherOptions {
  readonly help: boolean;
}

/**
 * Reads the command line.
 * @throws SettingsError for anything it does not know
 */
export function parseOptions(words: readonly string[]): LauncherOptions {
  const unknown = words.find((word) => word !== '--help' && word !== '-h');
  if (unknown !== undefined) throw new SettingsError(`unknown option ${unknown}: see "npm start -- --help" for the list`);
  return { help: words.length > 0 };
}

/** The text of `--help`: the options and every setting with what it does and its default. */
export function renderHelp(): string {
  const names = Object.keys(settings);
  const width = Math.max(...names.map((name) => name.length));
  const rows = Object.entries(settings).map(([name, { schema, help }]) => {
    const fallback = schema.safeParse(undefined);
    const hasDefault = fallback.success && fallback.data !== undefined && fallback.data !== '';
    return `  ${name.padEnd(width)}  ${help}${hasDefault ? ` [${String(fallback.data)}]` : ''}`;
  });
  return [
    'Nightjar: starts everything on this machine and keeps it running until Ctrl-C.',
    '',
    '  npm start              start',
    '  npm start -- --help    this text',
    '',
    'Settings come from the environment or from a file .env; defaults in brackets:',
    '',
    ...rows,
    '',
  ].join('\n');
}
