import { z } from 'zod';

/** A `tokenizer.json` of WordPiece (BERT), as far as ids are turned back into text. */
const TokenizerFile = z.object({
  model: z.object({ type: z.string().optional(), vocab: z.record(z.string(), z.number().int().min(0)) }),
  added_tokens: z.array(z.object({ id: z.number().int().min(0), content: z.string() })).default([]),
});

const continuation = '##';

/** The words of a BLIP model: what its numbers mean. */
export class WordPieces {
  private constructor(
    private readonly words: ReadonlyMap<number, string>,
    private readonly ids: ReadonlyMap<string, number>,
  ) {}

  /** @param text a `tokenizer.json`, or a `vocab.txt` with one piece a line @throws Error when it is neither */
  static parse(text: string): WordPieces {
    const pieces = text.trimStart().startsWith('{') ? piecesOfJson(text) : piecesOfLines(text);
    if (pieces.length === 0) throw new Error('the tokenizer has no words');
    return new WordPieces(new Map(pieces.map(([word, id]) => [id, word])), new Map(pieces));
  }

  get size(): number {
    return this.words.size;
  }

  idOf(word: string): number | undefined {
    return this.ids.get(word);
  }

  /** Ids → text: pieces that begin with `##` continue a word, what stands in brackets is no text. */
  decode(ids: readonly number[]): string {
    let text = '';
    for (const id of ids) {
      const word = this.words.get(id);
      if (word === undefined || /^\[[^\]]*\]$/.test(word)) continue;
      if (word.startsWith(continuation)) text += word.slice(continuation.length);
      else text += text === '' || /^[.,!?;:']$/.test(word) ? word : ` ${word}`;
    }
    return text;
  }
}

function piecesOfJson(text: string): [string, number][] {
  const { model, added_tokens: added } = TokenizerFile.parse(JSON.parse(text));
  return [...Object.entries(model.vocab), ...added.map(({ content, id }): [string, number] => [content, id])];
}

function piecesOfLines(text: string): [string, number][] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines.map((word, id) => [word, id]);
}
