/** Amounts of resources. */
import { parseQuantity, type Quantity, QuantityError } from "#machinery/quantity";
import { Library } from "../function-table.ts";
import { fixed, readsText } from "../pricing.ts";
import { CelError, isInt64, Opaque, type Result } from "../values.ts";

const NANO = 1_000_000_000n;

class QuantityValue extends Opaque {
  readonly typeName = "kubernetes.Quantity";
  readonly amount: Quantity;
  constructor(amount: Quantity) {
    super();
    this.amount = amount;
  }
  equals(other: Opaque): boolean {
    return other instanceof QuantityValue && other.amount.nano === this.amount.nano;
  }
}

function toQuantity(text: string): QuantityValue | CelError {
  try {
    return new QuantityValue(parseQuantity(text));
  } catch (error) {
    if (error instanceof QuantityError) return new CelError(error.message);
    throw error;
  }
}

const isWhole = ({ amount }: QuantityValue): boolean =>
  amount.nano % NANO === 0n && isInt64(amount.nano / NANO);

const asInteger = (value: QuantityValue): Result =>
  isWhole(value) ? value.amount.nano / NANO : new CelError("cannot convert value to integer");

const order = (a: QuantityValue, b: QuantityValue): bigint =>
  a.amount.nano < b.amount.nano ? -1n : a.amount.nano > b.amount.nano ? 1n : 0n;

/** In the format of the first, unless that is nothing. */
const sum = (a: QuantityValue, nano: bigint): QuantityValue =>
  new QuantityValue({ nano: a.amount.nano + nano, format: a.amount.format });

const TYPE = "kubernetes.Quantity";
const NOMINAL = fixed(1);

export const quantity = new Library()
  .add(`quantity(string) -> ${TYPE}`, toQuantity, readsText())
  .add("isQuantity(string) -> bool", (text: string) => toQuantity(text) instanceof QuantityValue, readsText())
  .add(
    `${TYPE}.sign() -> int`,
    ({ amount }: QuantityValue) => (amount.nano > 0n ? 1n : amount.nano < 0n ? -1n : 0n),
    NOMINAL,
  )
  .add(`${TYPE}.isInteger() -> bool`, isWhole, NOMINAL)
  .add(`${TYPE}.asInteger() -> int`, asInteger, NOMINAL)
  .add(
    `${TYPE}.asApproximateFloat() -> double`,
    ({ amount }: QuantityValue) => Number(amount.nano) / 1e9,
    NOMINAL,
  )
  .add(
    `${TYPE}.add(${TYPE}) -> ${TYPE}`,
    (a: QuantityValue, b: QuantityValue) => sum(a, b.amount.nano),
    NOMINAL,
  )
  .add(`${TYPE}.add(int) -> ${TYPE}`, (a: QuantityValue, b: bigint) => sum(a, b * NANO), NOMINAL)
  .add(
    `${TYPE}.sub(${TYPE}) -> ${TYPE}`,
    (a: QuantityValue, b: QuantityValue) => sum(a, -b.amount.nano),
    NOMINAL,
  )
  .add(`${TYPE}.sub(int) -> ${TYPE}`, (a: QuantityValue, b: bigint) => sum(a, -b * NANO), NOMINAL)
  .add(
    `${TYPE}.isGreaterThan(${TYPE}) -> bool`,
    (a: QuantityValue, b: QuantityValue) => order(a, b) > 0n,
    NOMINAL,
  )
  .add(
    `${TYPE}.isLessThan(${TYPE}) -> bool`,
    (a: QuantityValue, b: QuantityValue) => order(a, b) < 0n,
    NOMINAL,
  )
  .add(`${TYPE}.compareTo(${TYPE}) -> int`, order, NOMINAL);
