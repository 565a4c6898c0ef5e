/** Answers go out in the order in which places were taken, whenever each of them comes. */
export class OrderedAnswers<T> {
  private readonly places: { answer: T | undefined }[] = [];

  constructor(private readonly send: (answer: T) => void) {}

  /** Places whose answer has not gone out. */
  get size(): number {
    return this.places.length;
  }

  /** @returns gives the answer of this place; once */
  takePlace(): (answer: T) => void {
    const place: { answer: T | undefined } = { answer: undefined };
    this.places.push(place);
    return (answer) => {
      place.answer = answer;
      this.flush();
    };
  }

  private flush(): void {
    for (let first = this.places[0]; first?.answer !== undefined; first = this.places[0]) {
      this.places.shift();
      this.send(first.answer);
    }
  }
}
