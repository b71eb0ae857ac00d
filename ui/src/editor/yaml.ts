import { stringify } from "yaml";

/** Returns a manifest given as JSON as YAML; what is no JSON comes back as it is. */
export function toYaml(json: string, { withOwners = false, sorted = false }: { withOwners?: boolean; sorted?: boolean } = {}): string {
  if (!json || json === "null") return "";
  try {
    const value = JSON.parse(json) as { metadata?: { managedFields?: unknown } };
    if (!withOwners && value.metadata) delete value.metadata.managedFields;
    return stringify(inReadingOrder(value), { lineWidth: 0, sortMapEntries: sorted });
  } catch {
    return json;
  }
}

const FIRST = ["apiVersion", "kind", "metadata", "spec", "data"];

/** Objects come in any order; people look for apiVersion and kind first and for status last. */
function inReadingOrder(value: object): object {
  const entries = Object.entries(value);
  const place = (key: string): number => (FIRST.includes(key) ? FIRST.indexOf(key) : key === "status" ? FIRST.length + 1 : FIRST.length);
  return Object.fromEntries(entries.toSorted(([one], [other]) => place(one) - place(other)));
}
