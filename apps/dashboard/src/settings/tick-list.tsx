/** Things to choose from, each with a box to tick. */
export function TickList<Value extends string | number>({
  chosen,
  legend,
  onChosen,
  options,
}: {
  legend: string;
  options: readonly { value: Value; name: string }[];
  chosen: readonly Value[];
  onChosen: (chosen: readonly Value[]) => void;
}) {
  return (
    <fieldset className="tick-list">
      <legend>{legend}</legend>
      {options.length === 0 && <span className="empty">there are none</span>}
      {options.map(({ name, value }) => (
        <label key={value} className="tick-box">
          <input
            type="checkbox"
            checked={chosen.includes(value)}
            onChange={({ target }) => onChosen(target.checked ? [...chosen, value] : chosen.filter((other) => other !== value))}
          />
          {name}
        </label>
      ))}
    </fieldset>
  );
}
