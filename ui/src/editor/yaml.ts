import { stringify } from "yaml";

/** Returns a manifest given as JSON as YAML; what is no JSON comes back as it is. */
export function toYaml(json: string, { withOwners = false, sorted = false }: { withOwners?: boolean; sorted?: boolean } = {}): string {
  if (!json || json === "null") return "";
  try {
    const value = JSON.parse(json) as { metadata?: { managedFields?: unknown } };
    if (!withOwners && value.metadata) delete value.metadata.managedFields;
    return stringify(value, { lineWidth: 0, sortMapEntries: sorted });
  } catch {
    return json;
  }
}
