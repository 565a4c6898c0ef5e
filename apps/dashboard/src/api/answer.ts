import { z } from 'zod';

/** Why a call failed, in words for the person at the screen. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    message: string,
    /** What the API calls it, where it has a name. */
    readonly reason?: string,
    /** What is wrong with which field, by the name that the API gives it. */
    readonly fields: ReadonlyMap<string, string> = new Map(),
  ) {
    super(message);
  }
}

/** What the API answered has another shape than this page knows. */
export const unknownShape = 'The server answered in a way this page does not understand. Is it a newer version? Reload the page.';

/** A detail is a text, an object with a `message` and the name of the `error`, or a list of what is wrong with which field. */
const Refusal = z.object({
  detail: z.union([
    z.string(),
    z.object({ error: z.string().optional(), message: z.string() }),
    z.array(z.object({ loc: z.array(z.union([z.string(), z.number()])), msg: z.string() })).min(1),
  ]),
});

/** A request that has no answer, or not all of one; who has stopped asking hears that. */
export function unreachable(error: unknown): Error {
  return (error as Error).name === 'AbortError' ? (error as Error) : new ApiError(0, 'The server cannot be reached.');
}

/** Why a request was refused, in the answer's own words where it has some. */
export async function refusalOf(response: Response): Promise<ApiError> {
  // Where its text does not come, or is none, the status says enough.
  const refusal = Refusal.safeParse(await response.json().catch(() => undefined));
  if (!refusal.success) return new ApiError(response.status, `The server answered ${response.status}.`);
  const { detail } = refusal.data;
  if (Array.isArray(detail)) {
    const problems = detail.map(({ loc, msg }) => [loc.slice(1).join('.'), msg] as const);
    const text = problems.map((problem) => problem.filter((part) => part !== '').join(': ')).join('; ');
    return new ApiError(response.status, text, undefined, new Map(problems));
  }
  return typeof detail === 'string' ? new ApiError(response.status, detail) : new ApiError(response.status, detail.message, detail.error);
}

/** What an answer says. @throws ApiError when it breaks off, or has another shape than `schema` */
export async function readAnswer<Schema extends z.ZodType>(response: Response, schema: Schema): Promise<z.infer<Schema>> {
  const answer = schema.safeParse(await jsonOf(response));
  if (!answer.success) throw new ApiError(response.status, unknownShape);
  return answer.data;
}

/** The JSON of an answer; undefined when it is none. */
async function jsonOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw unreachable(error);
  }
}
