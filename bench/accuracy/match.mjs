// Which detection is which labelled object, and what follows from it. Pure.
import { iou } from '../../libs/geometry/dist/index.js';

/** Overlap from which a detection has found an object, as COCO's and MOT's first number. */
const minIou = 0.5;

const boxOf = ([left, top, width, height]) => ({ x1: left, y1: top, x2: left + width, y2: top + height });

/**
 * Joins detections with labelled objects of one label, the surest detection first.
 * @param objects `{bbox, ignore}`: `ignore` marks one that need not be found, e.g. because little of it is in the picture
 * @param detections `{bbox, confidence}`
 * @returns pairs of places in both lists; what was missed; what is false. A detection of an ignored object is neither right nor wrong
 */
export function matchObjects(objects, detections) {
  const free = new Set(objects.keys());
  const pairs = [];
  const rest = [];
  const order = [...detections.keys()].sort((a, b) => detections[b].confidence - detections[a].confidence);
  for (const detection of order) {
    const overlap = (object) => iou(boxOf(objects[object].bbox), boxOf(detections[detection].bbox));
    const best = [...free].filter((object) => !objects[object].ignore).sort((a, b) => overlap(b) - overlap(a))[0];
    if (best !== undefined && overlap(best) >= minIou) {
      free.delete(best);
      pairs.push({ object: best, detection });
    } else rest.push(detection);
  }
  const ignored = objects.filter(({ ignore }) => ignore).map(({ bbox }) => boxOf(bbox));
  const isFalse = (detection) => !ignored.some((box) => iou(box, boxOf(detections[detection].bbox)) > 0.2);
  return { pairs, missed: [...free].filter((object) => !objects[object].ignore), false: rest.filter(isFalse) };
}

/** Adds up what was found on many pictures. */
export class Score {
  found = 0;
  missed = 0;
  falseAlarms = 0;
  pictures = 0;
  countOff = 0;
  countBias = 0;

  add({ pairs, missed, false: wrong }) {
    this.found += pairs.length;
    this.missed += missed.length;
    this.falseAlarms += wrong.length;
  }

  addCount(expected, counted) {
    this.pictures++;
    this.countOff += Math.abs(counted - expected);
    this.countBias += counted - expected;
  }

  get recall() {
    return this.found / (this.found + this.missed);
  }

  get precision() {
    return this.found / (this.found + this.falseAlarms);
  }
}

/** Counts how often an object goes on under another id than the one it had last (CLEAR MOT). */
export class IdSwitches {
  count = 0;
  #last = new Map();

  add(objectId, trackId) {
    const before = this.#last.get(objectId);
    if (before !== undefined && before !== trackId) this.count++;
    this.#last.set(objectId, trackId);
  }
}
