/**
 * Questions to disks that may never answer: one of a network that is away keeps a question for ever, and with it one of the few threads
 * by which all files of the process are read. So each disk is asked one question at a time, whoever wants to know, and nobody waits long.
 */
export class DiskQuestions<Answer> {
  private readonly asked = new Map<string, Promise<Answer>>();

  constructor(private readonly options: { ask: (directory: string) => Promise<Answer>; answerMsMax: number }) {}

  /** @returns undefined when the disk does not answer in time. @throws what `ask` throws */
  async ask(directory: string): Promise<Answer | undefined> {
    const question = this.asked.get(directory) ?? this.begin(directory);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), this.options.answerMsMax);
    });
    try {
      return await Promise.race([question, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  private begin(directory: string): Promise<Answer> {
    const question = this.options.ask(directory).finally(() => this.asked.delete(directory));
    // Those who waited are told; when all have left, it fails for nobody.
    question.catch(() => undefined);
    this.asked.set(directory, question);
    return question;
  }
}
