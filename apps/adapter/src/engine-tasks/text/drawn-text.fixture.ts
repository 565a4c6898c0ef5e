import sharp from 'sharp';

/** 5 × 7 dots a letter, a row a number of five bits: a machine without fonts can draw text, too. */
const glyphs: Readonly<Record<string, readonly number[]>> = {
  A: [0b01110, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001],
  B: [0b11110, 0b10001, 0b10001, 0b11110, 0b10001, 0b10001, 0b11110],
  E: [0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b11111],
  G: [0b01110, 0b10001, 0b10000, 0b10111, 0b10001, 0b10001, 0b01110],
  I: [0b01110, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
  K: [0b10001, 0b10010, 0b10100, 0b11000, 0b10100, 0b10010, 0b10001],
  N: [0b10001, 0b11001, 0b10101, 0b10101, 0b10011, 0b10001, 0b10001],
  O: [0b01110, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110],
  P: [0b11110, 0b10001, 0b10001, 0b11110, 0b10000, 0b10000, 0b10000],
  R: [0b11110, 0b10001, 0b10001, 0b11110, 0b10100, 0b10010, 0b10001],
  T: [0b11111, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100],
  '2': [0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111],
  '4': [0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010],
  '5': [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110],
  '7': [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000],
};
const columns = 5;
const rows = 7;
const advance = 6;

/**
 * A PNG with one line of dark text on white, softened like print.
 * @param text of the letters above and spaces
 * @param dotPixels side of one dot
 */
export async function drawnText(text: string, dotPixels = 8): Promise<Buffer> {
  const width = text.length * advance + 4;
  const height = rows + 6;
  const dots = new Uint8Array(width * height).fill(255);
  for (const [index, letter] of [...text].entries()) {
    for (const [row, bits] of (glyphs[letter] ?? []).entries()) {
      for (let column = 0; column < columns; column++) {
        if (bits & (1 << (columns - 1 - column))) dots[(row + 3) * width + 3 + index * advance + column] = 20;
      }
    }
  }
  return sharp(dots, { raw: { width, height, channels: 1 } })
    .resize(width * dotPixels, height * dotPixels, { kernel: 'cubic' })
    .png()
    .toBuffer();
}

/** Pictures laid on a plain background. */
export function sceneOf(
  size: { width: number; height: number; background?: string },
  pictures: readonly { picture: Buffer; left: number; top: number }[],
): Promise<Buffer> {
  return sharp({ create: { width: size.width, height: size.height, channels: 3, background: size.background ?? '#667' } })
    .composite(pictures.map(({ picture, left, top }) => ({ input: picture, left, top })))
    .jpeg({ quality: 92 })
    .toBuffer();
}
