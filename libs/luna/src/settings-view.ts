import { AppError } from '@nightjar/runtime';
import { asLuna, lunaErrors } from './luna-errors.js';
import { preferredType } from './preferred-type.js';

/** Sections by name, settings by name within; what a secret stands in is masked. */
export type SettingsView = Readonly<Record<string, Readonly<Record<string, string | number | boolean | null>>>>;

const masked = '***';

/**
 * What `/config` answers, in the form that the caller likes best.
 * @throws AppError `invalid_argument` (12023) when he takes neither JSON nor text
 */
export function settingsReply(view: SettingsView, accept: string | undefined): { contentType: string; body: string } {
  const contentType = preferredType(accept, ['application/json', 'text/plain']);
  if (contentType === undefined)
    throw new AppError('invalid_argument', 'neither JSON nor text is accepted', {
      details: asLuna(lunaErrors.unacceptableType, 'Content type is unacceptable, allowed values: application/json, text/plain'),
    });
  return { contentType, body: contentType === 'text/plain' ? settingsText(view) : JSON.stringify(view) };
}

/** The form of a configuration file: `[SECTION]`, then `NAME = value` in JSON. */
export function settingsText(view: SettingsView): string {
  return Object.entries(view)
    .map(([section, settings]) => {
      const lines = Object.entries(settings).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
      return `[${section}]\n${lines.join('\n')}\n`;
    })
    .join('\n');
}

/** A URL whose user name, password and query are masked: any of them may be a secret. Text that is no URL is masked whole. */
export function withoutCredentials(text: string): string {
  if (!URL.canParse(text)) return masked;
  const { protocol, host, pathname, username, password, search } = new URL(text);
  const user = username === '' && password === '' ? '' : `${masked}@`;
  return `${protocol}//${user}${host}${pathname === '/' ? '' : pathname}${search === '' ? '' : `?${masked}`}`;
}
