import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { renderTable, Terminal } from './terminal.js';

describe('the terminal', () => {
  it('says what happens, to what, and when', () => {
    const output = new PassThrough();
    new Terminal(output).progress('bus', 'ready');
    expect(output.read()?.toString()).toMatch(/^ +\d+\.\d s  bus +ready\n$/);
  });

  it('draws a table with columns as wide as they need to be', () => {
    expect(
      renderTable(
        ['service', 'state'],
        [
          ['nvr', 'ready'],
          ['demo camera', 'starting'],
        ],
      ).split('\n'),
    ).toEqual(['  service       state', '  -----------   --------', '  nvr           ready', '  demo camera   starting']);
  });
});
