import { quantityOf, quantityOfMilli } from "#machinery/quantity";

const BYTES = /memory|storage|hugepages-/;

/** An amount of `api/core-v1/podresources` as quantity text. */
export function shown(resource: string, amount: number): string {
  if (resource.endsWith("cpu")) return quantityOfMilli(amount);
  return quantityOf(amount, BYTES.test(resource) ? "BinarySI" : "DecimalSI");
}
