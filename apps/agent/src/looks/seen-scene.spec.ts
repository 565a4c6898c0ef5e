import { describe, expect, it } from '@jest/globals';
import type { BoxXyxy } from '@nightjar/geometry';
import { isInside } from './look-regions.js';
import { SeenScene, type Look, type LookAnswer, type LookTrack } from './seen-scene.js';

const picture = { width: 1_280, height: 720 };
const input = { width: 416, height: 416 };
const still = { share: 0, regions: [] };
const at = (left: number, top: number, width: number, height: number): BoxXyxy => ({
  x1: left,
  y1: top,
  x2: left + width,
  y2: top + height,
});
const person = (box: BoxXyxy, region?: number, score = 0.8) => ({ box, label: 'person', score, region });
const movesAt = ({ x1, x2, y1, y2 }: BoxXyxy) => ({
  share: 0.1,
  regions: [{ x1: x1 / 1_280, x2: x2 / 1_280, y1: y1 / 720, y2: y2 / 720 }],
});
const answer = (...found: LookAnswer['found']): LookAnswer => ({ found, picture, input });

/** A scene that was looked at once, in rest. */
function known(...found: LookAnswer['found']): SeenScene {
  const scene = new SeenScene(0.45);
  scene.take(scene.plan(undefined, picture, [])!, answer(...found));
  scene.take(scene.plan(still, picture, [])!, answer(...found));
  expect(scene.plan(still, picture, [])).toBeUndefined();
  return scene;
}

function look(scene: SeenScene, motion: Parameters<SeenScene['plan']>[0], tracks: LookTrack[] = []): Look {
  const planned = scene.plan(motion, picture, tracks);
  if (!planned) throw new Error('nothing to look at');
  return planned;
}

const boxes = (scene: SeenScene) => scene.objects.map(({ box }) => box);
const [left, right] = [at(100, 300, 60, 160), at(1_000, 300, 60, 160)];

describe('what is seen on a camera, put together from looks', () => {
  it('begins with the whole picture, and holds while nothing moves', () => {
    const scene = known(person(left));
    expect(boxes(scene)).toEqual([left]);
    expect(scene.saved).toBe(1);
  });

  it('is looked at where something moves only; what stands elsewhere holds', () => {
    const scene = known(person(left));
    const planned = look(scene, movesAt(right));
    expect(planned.regions).toHaveLength(1);
    expect(isInside(right, planned.regions![0]!.box)).toBe(true);
    expect(isInside(left, planned.regions![0]!.box)).toBe(false);
    scene.take(planned, answer(person(right, 0)));
    expect(boxes(scene)).toEqual([right, left]);
  });

  it('loses who has left where something moved, and looks there once more when it has come to rest', () => {
    const scene = known(person(left));
    scene.take(look(scene, movesAt(left)), answer());
    expect(boxes(scene)).toEqual([]);
    const again = look(scene, still);
    expect(isInside(left, again.regions![0]!.box)).toBe(true);
    scene.take(again, answer());
    expect(scene.plan(still, picture, [])).toBeUndefined();
  });

  it('looks at whoever is followed and walks, as soon as anything moves, but not at who stands', () => {
    const scene = known(person(left), person(right));
    const moving = movesAt(at(560, 20, 60, 40));
    const both = look(scene, moving, [
      { box: left, stationary: false },
      { box: right, stationary: true },
    ]);
    const covers = (box: BoxXyxy) => both.regions!.some((region) => isInside(box, region.box));
    expect([covers(left), covers(right)]).toEqual([true, false]);
  });

  it('looks at everything on every tenth frame, moving or not: nothing that stood there from the start is missed', () => {
    for (const motion of [still, movesAt(right)]) {
      const scene = known(person(left));
      const looks = Array.from({ length: 20 }, () => {
        const planned = scene.plan(motion, picture, []);
        if (planned) scene.take(planned, answer(person(left, planned.regions && 0)));
        return (
          planned !== undefined && (planned.regions === undefined || planned.regions.some(({ box }) => isInside(at(0, 0, 1_280, 720), box)))
        );
      });
      expect(looks.filter(Boolean)).toHaveLength(2);
    }
  });

  it('verifies who stands as finely as he was seen: a look at the whole picture, which cannot show him, does not lose him', () => {
    const far = at(1_000, 300, 12, 30);
    const scene = known();
    scene.take(look(scene, movesAt(far)), answer(person(far, 0)));
    scene.take(look(scene, still), answer(person(far, 0)));
    for (let frame = 0; frame < 40; frame++) {
      const planned = scene.plan(still, picture, [{ box: far, stationary: true }]);
      if (!planned) continue;
      expect(planned.regions).toHaveLength(2);
      // Only the second region is fine enough.
      scene.take(planned, answer(person(far, 1)));
    }
    expect(boxes(scene)).toEqual([far]);
    for (let frame = 0; frame < 10; frame++) {
      const planned = scene.plan(still, picture, []);
      if (planned) scene.take(planned, answer());
    }
    expect(boxes(scene)).toEqual([]);
  });

  it('counts who stands in two regions once, and takes the finer look for it', () => {
    const scene = known();
    const planned = look(scene, {
      share: 0.1,
      regions: [...movesAt(at(500, 300, 60, 160)).regions, ...movesAt(at(700, 160, 520, 400)).regions],
    });
    expect(planned.regions).toHaveLength(2);
    const middle = at(640, 300, 50, 150);
    const coarse = planned.regions!.findIndex(({ pixelsPerInput }) => pixelsPerInput > 1.2);
    scene.take(planned, answer(person(at(642, 306, 52, 148), coarse), person(middle, 1 - coarse)));
    expect(boxes(scene)).toEqual([middle]);
  });

  it('takes no part of an object for the object: where a region cuts it, it looks again with what is around', () => {
    const scene = known();
    const planned = look(scene, movesAt(at(600, 300, 40, 40)));
    const { x2, y1 } = planned.regions![0]!.box;
    scene.take(planned, answer(person({ x1: x2 - 60, y1: y1 + 100, x2, y2: y1 + 250 }, 0)));
    expect(boxes(scene)).toEqual([]);
    const again = look(scene, still);
    const whole = { x1: x2 - 60, y1: y1 + 100, x2: x2 + 30, y2: y1 + 250 };
    const index = again.regions!.findIndex(({ box }) => isInside(whole, box));
    scene.take(again, answer(person(whole, index)));
    expect(boxes(scene)).toEqual([whole]);
  });

  it('keeps a standing object of which a region shows a part', () => {
    const scene = known(person(at(700, 200, 300, 400)));
    const planned = look(scene, movesAt(at(560, 300, 40, 40)));
    const { x2 } = planned.regions![0]!.box;
    scene.take(planned, answer(person({ x1: 700, y1: 210, x2, y2: 550 }, 0)));
    expect(boxes(scene)).toEqual([at(700, 200, 300, 400)]);
  });

  it('looks at whole pictures for an adapter that does not know regions', () => {
    const scene = new SeenScene(0.45);
    const plain = (...found: LookAnswer['found']): LookAnswer => ({ found, picture });
    scene.take(look(scene, still), plain(person(left)));
    const planned = look(scene, movesAt(right));
    expect(planned.regions).toBeUndefined();
    scene.take(planned, plain(person(right)));
    expect(boxes(scene)).toEqual([right]);
  });

  it('looks once more at what one look alone showed, and believes a detector that was wrong once no longer than that', () => {
    const scene = known(person(left));
    for (let planned = scene.plan(still, picture, []), frame = 0; frame < 30; frame++, planned = scene.plan(still, picture, [])) {
      const isPhantom = planned !== undefined && planned.regions === undefined && frame < 10;
      if (planned) scene.take(planned, answer(person(left), ...(isPhantom ? [person(right)] : [])));
      if (isPhantom) {
        expect(scene.objects.map(({ box, isConfirmed }) => [box, isConfirmed])).toEqual([
          [left, true],
          [right, false],
        ]);
        const again = look(scene, still);
        expect(again.regions!.some(({ box }) => isInside(right, box))).toBe(true);
        expect(again.regions!.some(({ box }) => isInside(left, box))).toBe(false);
        scene.take(again, answer());
      }
      expect(boxes(scene)).toEqual([left]);
    }
  });

  it('costs one look more for somebody new, who is confirmed by it', () => {
    const scene = known();
    for (let frame = 0; frame < 8; frame++) expect(scene.plan(still, picture, [])).toBeUndefined();
    scene.take(look(scene, still), answer(person(right)));
    scene.take(look(scene, still), answer(person(right, 0)));
    expect(scene.objects).toMatchObject([{ box: right, isConfirmed: true }]);
    expect(scene.plan(still, picture, [])).toBeUndefined();
  });

  it('does not lose who stands before a new object for the coarser look at that', () => {
    const far = at(300, 400, 12, 30);
    const scene = known();
    scene.take(look(scene, movesAt(far)), answer(person(far, 0)));
    scene.take(look(scene, still), answer(person(far, 0)));
    while (scene.plan(still, picture, []) === undefined);
    const large = at(100, 50, 500, 640);
    scene.take(look(scene, still), answer(person(large)));
    scene.take(look(scene, still), answer(person(large)));
    expect(boxes(scene)).toContainEqual(far);
  });

  it('forgets what lay beyond a picture that is smaller now', () => {
    const scene = known(person(right));
    const small = { width: 640, height: 360 };
    const onSmall = (...found: LookAnswer['found']) => ({ found, picture: small, input });
    scene.take(scene.plan(still, small, [])!, onSmall(person(at(500, 150, 30, 80))));
    expect(boxes(scene)).toEqual([at(500, 150, 30, 80)]);
  });

  it('begins anew when the light changes, when it is told to, and when the picture has another size', () => {
    for (const next of [
      (scene: SeenScene) => look(scene, undefined),
      (scene: SeenScene) => (scene.forget(), look(scene, still)),
      (scene: SeenScene) => scene.plan(still, { width: 640, height: 360 }, [])!,
    ]) {
      const scene = known(person(left));
      const planned = next(scene);
      expect(planned.regions).toBeUndefined();
      scene.take(planned, answer());
      expect(boxes(scene)).toEqual([]);
    }
  });
});
