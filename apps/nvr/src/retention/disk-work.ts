import { AppError } from '@nightjar/runtime';

/** Removing a file, or making it certain that it is gone, takes no disk longer. */
const taskMsMax = 10_000;

/**
 * What is done on disks that may never answer. A call to one that hangs keeps one of the few threads by which all files of the process
 * are read and written, and nothing gives it back: so nobody waits longer than is said, and a disk that owes an answer gets no further
 * task. What is late goes on in the background, so a task must be one that may be done again.
 */
export class DiskWork {
  /** How many answers a disk owes, by directory. */
  private readonly owed = new Map<string, number>();

  constructor(private readonly options: { taskMsMax: number } = { taskMsMax }) {}

  /** @throws AppError `deadline_exceeded` when the disk does not answer in time, or still owes an answer; what the task throws */
  async do<Result>(directory: string, task: () => Promise<Result>, msMax = this.options.taskMsMax): Promise<Result> {
    if (this.owed.has(directory)) throw silence();
    const result = task();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        this.noteOwed(directory, result);
        reject(silence());
      }, msMax);
    });
    try {
      return await Promise.race([result, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  private noteOwed(directory: string, result: Promise<unknown>): void {
    this.owed.set(directory, (this.owed.get(directory) ?? 0) + 1);
    const answered = () => {
      const left = (this.owed.get(directory) ?? 1) - 1;
      if (left === 0) this.owed.delete(directory);
      else this.owed.set(directory, left);
    };
    result.then(answered, answered);
  }
}

/** One for the process, as its threads are. */
export const diskWork = new DiskWork();

function silence(): AppError {
  return new AppError('deadline_exceeded', 'the disk does not answer');
}
