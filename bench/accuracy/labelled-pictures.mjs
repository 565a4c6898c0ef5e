// A folder of pictures, and for each a JSON file of the same name that says what is on it.
import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

const Box = z.tuple([z.number(), z.number(), z.number().positive(), z.number().positive()]);
const Labels = z
  .object({
    /** Of the picture turned upright; boxes are in its pixels: left, top, width, height. */
    picture: z.object({ width: z.int().positive(), height: z.int().positive() }).optional(),
    objects: z.array(z.object({ label: z.string(), bbox: Box, ignore: z.boolean().default(false) })).optional(),
    counts: z.record(z.string(), z.int().min(0)).optional(),
    /** Labels of which every object of the picture is in the file; default: all that occur. Others can't be judged. */
    complete: z.array(z.string()).optional(),
  })
  .refine(({ objects, counts }) => objects || counts, { error: 'needs objects or counts' });

/** @returns `{file, objects?, counts, complete}` for each picture that has labels */
export function readLabelledPictures(picturesDir, labelsDir) {
  const pictures = fs
    .readdirSync(picturesDir)
    .filter((name) => /\.(jpe?g|png|webp)$/i.test(name))
    .sort();
  return pictures.flatMap((name) => {
    const labelFile = path.join(labelsDir, name.replace(/\.[^.]+$/, '.json'));
    if (!fs.existsSync(labelFile)) return [];
    const { objects, counts, complete } = Labels.parse(JSON.parse(fs.readFileSync(labelFile, 'utf8')));
    const all = complete ?? [...new Set([...(objects ?? []).map(({ label }) => label), ...Object.keys(counts ?? {})])];
    const counted = (label) => counts?.[label] ?? objects?.filter((object) => object.label === label && !object.ignore).length ?? 0;
    return [
      {
        file: path.join(picturesDir, name),
        objects,
        counts: Object.fromEntries(all.map((label) => [label, counted(label)])),
        complete: all,
      },
    ];
  });
}
