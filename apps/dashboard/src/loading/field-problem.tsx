/** What is wrong with a field. It stands inside of the label, and so is read with the name of the field. */
export function FieldProblem({ text }: { text: string | undefined }) {
  return text === undefined ? null : <span className="field-problem">{text}</span>;
}
