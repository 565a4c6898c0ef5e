import { describe, expect, it } from '@jest/globals';
import { settings, SettingsError } from '@nightjar/runtime';
import { parseOptions, renderHelp } from './options.js';

describe('the command line', () => {
  it('starts without words and helps when asked', () => {
    expect(parseOptions([])).toEqual({ help: false });
    expect(parseOptions(['--help'])).toEqual({ help: true });
    expect(parseOptions(['-h'])).toEqual({ help: true });
  });

  it('refuses what it does not know', () => {
    expect(() => parseOptions(['--port=1'])).toThrow(SettingsError);
    expect(() => parseOptions(['--help', 'more'])).toThrow(/unknown option more/);
  });

  it('explains every setting with its default', () => {
    const help = renderHelp();
    for (const [name, { help: text }] of Object.entries(settings)) {
      expect(help).toContain(name);
      expect(help).toContain(text);
    }
    expect(help).toMatch(/GATEWAY_PORT .*\[8080\]/);
  });
});
