/** What is known of a machine without FFmpeg. */
export interface MachineWithoutFfmpeg {
  readonly platform: NodeJS.Platform;
  /** Text of /etc/os-release; empty elsewhere. */
  readonly osRelease: string;
  readonly isRoot: boolean;
  readonly isTerminal: boolean;
  /** NIGHTJAR_NO_APT */
  readonly aptRefused: boolean;
}

type FfmpegRemedy =
  /** Install without asking: nobody is there to ask, and we have the right. */
  | { readonly kind: 'install'; readonly command: readonly string[] }
  | { readonly kind: 'ask'; readonly command: readonly string[] }
  /** Only say which command a person runs. */
  | { readonly kind: 'explain'; readonly command: string };

const aptInstall = ['apt-get', 'install', '-y', '--no-install-recommends', 'ffmpeg'] as const;

/** By a word of ID or ID_LIKE in /etc/os-release. */
const linuxCommands: Readonly<Record<string, string>> = {
  debian: 'sudo apt-get install -y ffmpeg',
  ubuntu: 'sudo apt-get install -y ffmpeg',
  fedora: 'sudo dnf install -y ffmpeg-free',
  rhel: 'sudo dnf install -y ffmpeg-free',
  suse: 'sudo zypper install -y ffmpeg',
  arch: 'sudo pacman -S --noconfirm ffmpeg',
  alpine: 'apk add ffmpeg',
};

/** How FFmpeg gets onto this machine: by us where that is safe to do, else by the person who reads the line. */
export function chooseRemedy(machine: MachineWithoutFfmpeg): FfmpegRemedy {
  const families = readFamilies(machine.osRelease);
  const hasApt = machine.platform === 'linux' && families.some((family) => family === 'debian' || family === 'ubuntu');
  if (hasApt && !machine.aptRefused) {
    const command = machine.isRoot ? aptInstall : ['sudo', ...aptInstall];
    if (machine.isTerminal) return { kind: 'ask', command };
    if (machine.isRoot) return { kind: 'install', command };
  }
  return { kind: 'explain', command: commandFor(machine.platform, families) };
}

function readFamilies(osRelease: string): string[] {
  return [...osRelease.matchAll(/^ID(?:_LIKE)?="?([^"\n]+)"?$/gm)].flatMap((match) => (match[1] ?? '').split(' '));
}

function commandFor(platform: NodeJS.Platform, families: readonly string[]): string {
  if (platform === 'darwin') return 'brew install ffmpeg';
  if (platform === 'win32') return 'winget install Gyan.FFmpeg';
  const family = families.find((name) => Object.hasOwn(linuxCommands, name));
  return (family === undefined ? undefined : linuxCommands[family]) ?? 'the package manager of this system, package ffmpeg';
}
