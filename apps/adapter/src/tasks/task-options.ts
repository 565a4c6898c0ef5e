import { z } from 'zod';

/*
 * Options that several tasks take. Fields of a multipart form are text, so numbers and lists may come as text too.
 */

/** Model to use: its name, or `name@version`. */
export const ModelOption = z.string().min(1).max(160);

/** 0..1. */
export const ConfidenceOption = z.union([
  z.number().min(0).max(1),
  z
    .string()
    .regex(/^(0(\.\d{1,16})?|1(\.0{1,16})?|\.\d{1,16})$/)
    .transform(Number),
]);

/** How many answers at most. */
export function countOption(countMax: number) {
  return z.union([
    z.int().min(1).max(countMax),
    z
      .string()
      .regex(/^\d{1,9}$/)
      .transform(Number)
      .pipe(z.int().min(1).max(countMax)),
  ]);
}

const labelsMax = 100;
const Label = z.string().trim().min(1).max(64);

/** Labels as a list, or as text with commas between them. */
export const LabelsOption = z.union([
  z.array(Label).min(1).max(labelsMax),
  z
    .string()
    .max(4_000)
    .transform((text) => text.split(','))
    .pipe(z.array(Label).min(1).max(labelsMax)),
]);
