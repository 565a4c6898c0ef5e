import { useId, useState, type ReactNode } from 'react';

/** Rows that are drawn at a time: more make a page slow, and nobody reads them all. */
const rowsAtOnce = 50;
/** Fewer are seen at one glance. */
const searchedFrom = 20;

interface LongListProps<Item> {
  items: readonly Item[];
  /** What an item is found by; undefined: the list is searched elsewhere. */
  textOf?: (item: Item) => string;
  /** What stands in the list, in the plural: `users`. */
  name: string;
  children: (items: readonly Item[]) => ReactNode;
}

/** A list that may be long: found by a text, drawn a part at a time. */
export function LongList<Item>({ children, items, name, textOf }: LongListProps<Item>) {
  const [text, setText] = useState('');
  const [rows, setRows] = useState(rowsAtOnce);
  const countId = useId();
  const wanted = text.trim().toLowerCase();
  const found = !textOf || wanted === '' ? items : items.filter((item) => textOf(item).toLowerCase().includes(wanted));
  const shown = found.slice(0, rows);
  return (
    <>
      {textOf && items.length >= searchedFrom && (
        <label className="search">
          {`Find among ${items.length} ${name}`}
          <input
            type="search"
            value={text}
            maxLength={100}
            onChange={({ target }) => {
              setText(target.value);
              setRows(rowsAtOnce);
            }}
          />
        </label>
      )}
      {found.length === 0 && <p className="empty">None of them fits.</p>}
      {children(shown)}
      {shown.length < found.length && (
        <div className="tools more">
          <span id={countId} className="empty" role="status">{`${shown.length} of ${found.length} ${name}`}</span>
          <button type="button" aria-describedby={countId} onClick={() => setRows(rows + rowsAtOnce)}>
            Show more
          </button>
        </div>
      )}
    </>
  );
}
