import { samplePictures } from '@nightjar/testing';
import sharp from 'sharp';

const size = { width: 1_280, height: 720 };

/** Who stands where on the photographs, as shares of their width; both stand there from top to bottom. */
const people = {
  one: { photograph: 0, left: 0.1, right: 0.42 },
  other: { photograph: 2, left: 0.15, right: 0.5 },
} as const;

/** Writes a picture of one person of the photographs in an empty room. */
export async function drawPerson(file: string, who: keyof typeof people): Promise<string> {
  const { photograph, left, right } = people[who];
  const photo = sharp(samplePictures[photograph]);
  const { width, height } = await photo.metadata();
  const person = await photo
    .extract({ left: Math.round(left * width), top: 0, width: Math.round((right - left) * width), height })
    .resize({ height: size.height })
    .toBuffer();
  await sharp({ create: { ...size, channels: 3, background: '#8a8f94' } })
    .composite([{ input: person, gravity: 'centre' }])
    .png()
    .toFile(file);
  return file;
}

/** 5 × 7 dots a letter: a machine without fonts can draw text, too. */
const glyphs: Readonly<Record<string, string>> = {
  A: '.###. #...# #...# ##### #...# #...# #...#',
  E: '##### #.... #.... ####. #.... #.... #####',
  G: '.###. #...# #.... #.### #...# #...# .###.',
  I: '.###. ..#.. ..#.. ..#.. ..#.. ..#.. .###.',
  K: '#...# #..#. #.#.. ##... #.#.. #..#. #...#',
  N: '#...# ##..# #.#.# #.#.# #..## #...# #...#',
  O: '.###. #...# #...# #...# #...# #...# .###.',
  P: '####. #...# #...# ####. #.... #.... #....',
  R: '####. #...# #...# ####. #.#.. #..#. #...#',
  T: '##### ..#.. ..#.. ..#.. ..#.. ..#.. ..#..',
};
const dotPixels = 8;
const letterDots = 6;

/** Writes a picture of a plain wall with a white sign at its foot, or of the bare wall without a text. */
export async function drawSign(file: string, text = ''): Promise<string> {
  const wall = sharp({ create: { ...size, channels: 3, background: '#667788' } });
  const [signWidth, signHeight] = [text.length * letterDots + 4, 13];
  const dots = new Uint8Array(signWidth * signHeight).fill(255);
  [...text].forEach((letter, index) => {
    (glyphs[letter] ?? '').split(' ').forEach((row, y) => {
      [...row].forEach((dot, x) => {
        if (dot === '#') dots[(y + 3) * signWidth + 3 + index * letterDots + x] = 20;
      });
    });
  });
  // Softened like print.
  const sign = await sharp(dots, { raw: { width: signWidth, height: signHeight, channels: 1 } })
    .resize(signWidth * dotPixels, signHeight * dotPixels, { kernel: 'cubic' })
    .png()
    .toBuffer();
  await wall
    .composite(text === '' ? [] : [{ input: sign, left: 300, top: 480 }])
    .png()
    .toFile(file);
  return file;
}
