import type { Taint, Toleration } from "#api/core-v1/taint";

export function tolerates(tolerations: readonly Toleration[], taint: Taint): boolean {
  return tolerations.some((toleration) => toleratesTaint(toleration, taint));
}

function toleratesTaint(
  { key = "", operator = "Equal", value = "", effect }: Toleration,
  taint: Taint,
): boolean {
  if (effect && effect !== taint.effect) return false;
  if (key === "") return operator === "Exists";
  if (key !== taint.key) return false;
  const actual = taint.value ?? "";
  switch (operator) {
    case "Exists":
      return true;
    case "Equal":
      return value === actual;
    case "Lt":
      return isInteger(actual) && isInteger(value) && Number(actual) < Number(value);
    case "Gt":
      return isInteger(actual) && isInteger(value) && Number(actual) > Number(value);
  }
}

const isInteger = (text: string): boolean => /^-?[0-9]+$/.test(text);
