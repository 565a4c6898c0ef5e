import { useEffect, type RefObject } from 'react';

const marginPixels = 200;

/** Tells when an element comes near what is seen of the page, and when it leaves. `onSight` has to stay the same function. */
export function useInSight(element: RefObject<Element | null>, onSight: (isSeen: boolean) => void): void {
  useEffect(() => {
    if (!element.current) return;
    const observer = new IntersectionObserver((entries) => onSight(entries.at(-1)?.isIntersecting ?? false), {
      rootMargin: `${marginPixels}px`,
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element, onSight]);
}
