import { useEffect, useRef, useState } from 'react';
import { readEvidence } from '../api/events.js';
import { ApiError } from '../api/answer.js';
import type { Api } from '../api.js';
import type { EvidenceBox } from './evidence-box.js';

interface EvidencePictureProps {
  api: Api;
  name: string;
  url: string;
  /** Where on it the event is, in shares of the picture. */
  box?: EvidenceBox | undefined;
}

/** The picture of an event, asked for when it comes into sight. */
export function EvidencePicture({ api, box, name, url }: EvidencePictureProps) {
  const frame = useRef<HTMLSpanElement>(null);
  const [isSeen, setIsSeen] = useState(false);
  const [picture, setPicture] = useState<string>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    if (!frame.current) return;
    const observer = new IntersectionObserver((entries) => entries.some(({ isIntersecting }) => isIntersecting) && setIsSeen(true), {
      rootMargin: '200px',
    });
    observer.observe(frame.current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (!isSeen) return;
    const stop = new AbortController();
    let made: string | undefined;
    readEvidence(api, url, stop.signal).then(
      (blob) => {
        if (stop.signal.aborted) return;
        made = URL.createObjectURL(blob);
        setPicture(made);
      },
      (error: unknown) => !stop.signal.aborted && setProblem(problemText(error)),
    );
    return () => {
      stop.abort();
      if (made) URL.revokeObjectURL(made);
    };
  }, [api, isSeen, url]);
  return (
    <span ref={frame} className="evidence">
      {picture && box && (
        <span className="boxed">
          <img src={picture} alt={`Picture of ${name}, which is framed`} />
          <span
            className="evidence-box"
            style={{ left: `${box.x * 100}%`, top: `${box.y * 100}%`, width: `${box.w * 100}%`, height: `${box.h * 100}%` }}
          />
        </span>
      )}
      {picture && !box && <img src={picture} alt={`Picture of ${name}`} />}
      {!picture && <span className="empty">{problem ?? '…'}</span>}
    </span>
  );
}

function problemText(error: unknown): string {
  return error instanceof ApiError && error.status === 404 ? 'no picture' : (error as Error).message;
}
