/** What parts of the program count about themselves, whoever shows it. */

export type Labels = Readonly<Record<string, string>>;

/** Something that is counted or measured, by the name under which it is shown. */
export interface Measure {
  /** Of a counter things are added up, of a histogram they are sorted by size. */
  readonly type: "counter" | "histogram";
  readonly name: string;
  readonly help: string;
  /** Upper bounds of a histogram's buckets, ascending. */
  readonly bounds?: readonly number[];
}

/** What only grows. */
export const counter = (name: string, help: string): Measure => ({ type: "counter", name, help });

/** How values are spread. `bounds`: of its buckets, ascending. */
export const histogram = (name: string, help: string, bounds: readonly number[]): Measure => ({
  type: "histogram",
  name,
  help,
  bounds,
});

/** Something that is looked up when somebody asks. */
export interface Gauge {
  readonly name: string;
  readonly help: string;
}

export interface Reading {
  readonly labels: Labels;
  readonly value: number;
}

/** One line of a measure. Cheap enough for every turn of a loop. */
export interface Meter {
  /** To a counter's sum, or as one more value of a histogram. */
  add(value: number): void;
}

export interface Measures {
  /** The same meter for the same labels. Ask once and keep it where it is used often. */
  meter(measure: Measure, labels?: Labels): Meter;
  /** Shows what `read` gives, together with what others give for that gauge; the answer ends that. */
  watch(gauge: Gauge, read: () => Iterable<Reading>): () => void;
}

const nothing = (): void => undefined;

/** Where nobody looks. */
export const noMeasures: Measures = {
  meter: () => ({ add: nothing }),
  watch: () => nothing,
};

/** `count` bounds from `first` on, each so many times the one before. */
export const growingBounds = (first: number, factor: number, count: number): readonly number[] =>
  // Rounded, so that 0.001 times 2 times 2 reads as it is written.
  Array.from({ length: count }, (_, index) => Number((first * factor ** index).toPrecision(12)));
