import { PaddleOcrService } from 'paddleocr';
import type { TextLine } from '../../engine/engine-tasks.js';
import type { TextSession } from '../../models/loaded-model.js';
import type { PixelBuffer } from '../../pictures/picture.js';
import type { OnnxSession } from '../onnx/onnx-session.js';

/** The longer side that text is searched at. PP-OCRv4 was trained for it; more finds smaller text and costs its square. */
const detectionSidePixels = 960;

interface PaddleModels {
  /** Finds where lines are. */
  readonly detection: OnnxSession;
  /** Reads one line. */
  readonly recognition: OnnxSession;
  /** Characters by their number, without the blank that stands before them. */
  readonly dictionary: readonly string[];
}

/**
 * PP-OCR: finds lines, cuts them out and reads them. Contours, perspective and CTC are the library's; the sessions are ours, so
 * that threads, providers and memory are those of every other model.
 */
export class PaddleTextSession implements TextSession {
  readonly type = 'text';

  private constructor(
    private readonly service: PaddleOcrService,
    private readonly models: PaddleModels,
  ) {}

  /** @throws Error when the models are not those of PP-OCR */
  static async open(models: PaddleModels): Promise<PaddleTextSession> {
    // The library wants to open the models itself: it is handed a ticket for each and gets the session that is open already.
    const tickets = new Map([
      [new ArrayBuffer(1), models.detection],
      [new ArrayBuffer(1), models.recognition],
    ]);
    const [detectionTicket, recognitionTicket] = [...tickets.keys()];
    const service = await PaddleOcrService.createInstance({
      ort: { Tensor: PlainTensor, InferenceSession: { create: (ticket) => Promise.resolve(asLibrarySession(tickets.get(ticket)!)) } },
      detection: { modelBuffer: detectionTicket!, maxSideLength: detectionSidePixels, limitType: 'max' },
      recognition: { modelBuffer: recognitionTicket!, charactersDictionary: [...models.dictionary] },
    });
    return new PaddleTextSession(service, models);
  }

  async read({ data, widthPixels, heightPixels }: PixelBuffer): Promise<readonly TextLine[]> {
    const found = await this.service.recognize({ width: widthPixels, height: heightPixels, data });
    return found
      .filter(({ text }) => text.trim() !== '')
      .map(({ text, confidence, box }) => {
        const { x, y, width, height, points } = box;
        const corners = { x1: x, y1: y, x2: x + width, y2: y + height };
        return { text: text.trim(), confidence: Math.min(1, Math.max(0, confidence)), box: corners, polygon: points ?? polygonOf(corners) };
      });
  }

  async release(): Promise<void> {
    await this.models.detection.release();
    await this.models.recognition.release();
  }
}

/** A tensor as the library makes and reads it. */
class PlainTensor {
  constructor(
    readonly type: string,
    readonly data: Float32Array,
    readonly dims: readonly number[],
  ) {}
}

function asLibrarySession(session: OnnxSession) {
  return {
    inputNames: session.inputs.map(({ name }) => name),
    inputMetadata: session.inputs.map(({ dims }) => ({ shape: dims })),
    outputNames: session.outputs.map(({ name }) => name),
    run: async (feeds: Record<string, { data: unknown; dims: readonly number[] }>) => {
      const inputs = Object.entries(feeds).map(([name, { data, dims }]) => {
        return [name, { type: 'float32', dims, data: data as Float32Array }] as const;
      });
      const outputs = await session.run(new Map(inputs));
      return Object.fromEntries([...outputs].map(([name, { data, dims }]) => [name, { data, dims }]));
    },
  };
}

function polygonOf({ x1, y1, x2, y2 }: { x1: number; y1: number; x2: number; y2: number }): { x: number; y: number }[] {
  return [
    { x: x1, y: y1 },
    { x: x2, y: y1 },
    { x: x2, y: y2 },
    { x: x1, y: y2 },
  ];
}
