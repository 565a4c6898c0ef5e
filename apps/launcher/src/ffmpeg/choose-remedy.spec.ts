import { describe, expect, it } from '@jest/globals';
import { chooseRemedy, type MachineWithoutFfmpeg } from './choose-remedy.js';

const debian: MachineWithoutFfmpeg = {
  platform: 'linux',
  osRelease: 'NAME="Debian"\nID=debian\n',
  isRoot: true,
  isTerminal: false,
  aptRefused: false,
};
const apt = ['apt-get', 'install', '-y', '--no-install-recommends', 'ffmpeg'];

describe('a machine without FFmpeg', () => {
  it('gets the package when it is Debian, we are root and nobody can be asked', () => {
    expect(chooseRemedy(debian)).toEqual({ kind: 'install', command: apt });
    expect(chooseRemedy({ ...debian, osRelease: 'ID=linuxmint\nID_LIKE="ubuntu debian"\n' })).toEqual({ kind: 'install', command: apt });
  });

  it('is asked about at a terminal', () => {
    expect(chooseRemedy({ ...debian, isTerminal: true })).toEqual({ kind: 'ask', command: apt });
    expect(chooseRemedy({ ...debian, isTerminal: true, isRoot: false })).toEqual({ kind: 'ask', command: ['sudo', ...apt] });
  });

  it.each([
    ['apt was refused', { aptRefused: true }, 'sudo apt-get install -y ffmpeg'],
    ['we are not root and nobody can type a password', { isRoot: false }, 'sudo apt-get install -y ffmpeg'],
    ['it is a Fedora', { osRelease: 'ID=fedora\n' }, 'sudo dnf install -y ffmpeg-free'],
    ['it is a Mac', { platform: 'darwin' as const, osRelease: '' }, 'brew install ffmpeg'],
    ['nobody knows what it is', { osRelease: 'ID=constructor\n' }, 'the package manager of this system, package ffmpeg'],
  ])('is left to its owner when %s', (_case, changes, command) => {
    expect(chooseRemedy({ ...debian, ...changes })).toEqual({ kind: 'explain', command });
  });
});
