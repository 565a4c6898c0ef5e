import { outcomePartCharactersMax, outcomePartsMax, type FinishedOutcome } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';

/** Half of what a default NATS carries: smaller outcomes go in one message. */
const inOneMessageBytesMax = 512 * 1024;

/**
 * Cuts the JSON of an outcome into pieces that fit into messages of the bus.
 * @returns undefined when the outcome fits into one message as it is
 * @throws AppError `payload_too_large` when it has more pieces than the gateway takes
 */
export function cutOutcome(outcome: FinishedOutcome): string[] | undefined {
  const text = JSON.stringify(outcome);
  if (Buffer.byteLength(text, 'utf8') <= inOneMessageBytesMax) return undefined;
  const pieces: string[] = [];
  for (let start = 0; start < text.length;) {
    const end = wholeCharacters(text, start + outcomePartCharactersMax);
    pieces.push(text.slice(start, end));
    start = end;
  }
  if (pieces.length > outcomePartsMax)
    throw new AppError(
      'payload_too_large',
      `the result has ${text.length} characters, at most ${outcomePartsMax * outcomePartCharactersMax} can be delivered`,
    );
  return pieces;
}

/** Half a surrogate pair would not survive the way. */
function wholeCharacters(text: string, end: number): number {
  const codeUnit = text.charCodeAt(end);
  return codeUnit >= 0xdc00 && codeUnit <= 0xdfff ? end - 1 : end;
}
