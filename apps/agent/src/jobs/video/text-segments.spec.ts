import { describe, expect, it } from '@jest/globals';
import { isSameText } from './same-text.js';
import { joinText } from './text-segments.js';

const line = (text: string, at: { left?: number; top?: number; confidence?: number; language_code?: string } = {}) => ({
  text,
  confidence: at.confidence ?? 0.9,
  bbox: [at.left ?? 0, at.top ?? 0, 100, 20] as [number, number, number, number],
  language_code: at.language_code ?? 'en',
});

const picture = (atSeconds: number, ...lines: ReturnType<typeof line>[]) => ({ atSeconds, lines });
const oneShot = [{ start_seconds: 0, end_seconds: 10 }];
const told = (segments: ReturnType<typeof joinText>) =>
  segments.map(({ full_text, time_segment }) => [full_text, time_segment.start_seconds, time_segment.end_seconds]);

describe('joinText', () => {
  it('joins readings of the same text, and tells the surest of them', () => {
    const pictures = [
      picture(0, line('ENTRANGE HALL', { confidence: 0.6 })),
      picture(1, line('Entrance hall', { confidence: 0.95 })),
      picture(2, line('Entrance ha1l')),
      picture(5),
    ];
    expect(told(joinText(pictures.slice(0, 2).concat(picture(2)), oneShot))).toEqual([['Entrance hall', 0, 2]]);
    // Another number is another text.
    expect(told(joinText(pictures, oneShot))).toEqual([
      ['Entrance hall', 0, 2],
      ['Entrance ha1l', 2, 5],
    ]);
  });

  it('begins a new time where a line comes or goes', () => {
    const pictures = [
      picture(0, line('Entrance')),
      picture(2, line('Entrance'), line('Please wait', { top: 100 })),
      picture(4, line('Please wait', { top: 100 })),
      picture(6),
    ];
    expect(told(joinText(pictures, oneShot))).toEqual([
      ['Entrance', 0, 2],
      ['Entrance\nPlease wait', 2, 4],
      ['Please wait', 4, 6],
    ]);
  });

  it('bridges a picture on which a line was missed, and begins anew when it was gone for longer', () => {
    const entrance = line('Entrance');
    expect(told(joinText([picture(0, entrance), picture(1), picture(2, entrance), picture(3)], oneShot))).toEqual([['Entrance', 0, 3]]);
    expect(told(joinText([picture(0, entrance), picture(1), picture(2), picture(3, entrance), picture(4)], oneShot))).toEqual([
      ['Entrance', 0, 1],
      ['Entrance', 3, 4],
    ]);
  });

  it('ends every text at a cut', () => {
    const shots = [
      { start_seconds: 0, end_seconds: 2.4 },
      { start_seconds: 2.4, end_seconds: 6 },
    ];
    const entrance = line('Entrance');
    expect(told(joinText([picture(0, entrance), picture(2.5, entrance)], shots))).toEqual([
      ['Entrance', 0, 2.4],
      ['Entrance', 2.4, 6],
    ]);
  });

  it('reads rows from top to bottom and each from left to right', () => {
    const lines = [line('world', { left: 200, top: 3 }), line('below', { top: 60 }), line('Hello', { left: 0, top: 0 })];
    expect(joinText([picture(0, ...lines)], oneShot)[0]?.full_text).toBe('Hello\nworld\nbelow');
  });

  it('takes the language that most letters are in, and leaves out what is unsure or no text', () => {
    const lines = [
      line('Willkommen in unserem Haus', { language_code: 'de' }),
      line('Lobby', { top: 50 }),
      line('###', { top: 100 }),
      line('blurred', { top: 150, confidence: 0.3 }),
    ];
    expect(joinText([picture(0, ...lines)], oneShot)).toMatchObject([
      { language_code: 'de', full_text: 'Willkommen in unserem Haus\nLobby' },
    ]);
  });

  it('tells nothing where nothing was read', () => {
    expect(joinText([picture(0), picture(1)], oneShot)).toEqual([]);
    expect(joinText([], oneShot)).toEqual([]);
  });
});

describe('isSameText', () => {
  it.each([
    ['Entrance → Lobby', 'ENTRANCE -> LOBBY', true],
    ['Welcome home', 'Welc0me home', false],
    ['Welcome home', 'Wellcome horne', true],
    ['EXIT', 'EXIT.', true],
    ['EXIT', 'EXIST', false],
    ['Platform 3, 12:04', 'Platform 3, 12:05', false],
    ['Entrance', 'Departure', false],
  ])('%s and %s: %s', (a, b, same) => expect(isSameText(a, b)).toBe(same));
});
