/** What went wrong, said at once to who can't see it. */
export function Problem({ text, onRetry }: { text: string | undefined; onRetry?: () => void }) {
  if (text === undefined) return null;
  return (
    <div role="alert" className="problem">
      <p>{text}</p>
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
