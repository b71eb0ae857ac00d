/** The address bar is the state: Argo CD's keys, read and written in one place. */

export type Query = Record<string, string | undefined>;

/** Returns the path of an application; its namespace is left out where it is the installation's own. */
export function appPath(name: string, namespace?: string, home?: string): string {
  const own = !namespace || !home || namespace === home;
  return `/applications/${own ? "" : `${encodeURIComponent(namespace)}/`}${encodeURIComponent(name)}`;
}

/** Returns a query as `?a=b`; keys without a value are left out, and the order is that of the record. */
export function searchOf(query: Query): string {
  const pairs = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== "");
  const text = pairs.map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value).replaceAll("%2F", "/").replaceAll("%2C", ",").replaceAll("%3A", ":")}`).join("&");
  return text ? `?${text}` : "";
}

/** Returns where to go after signing in: a path of ours, never another site. */
export function safeReturn(wanted: string | undefined): string {
  if (!wanted) return "/applications";
  try {
    const url = new URL(wanted, "http://tiphys.invalid");
    const isOurs = url.origin === "http://tiphys.invalid" && wanted.startsWith("/") && !wanted.startsWith("//") && !wanted.includes("\\");
    return isOurs && !url.pathname.startsWith("/login") ? `${url.pathname}${url.search}${url.hash}` : "/applications";
  } catch {
    return "/applications";
  }
}

/** Makes strings of what a router parsed into numbers and booleans. */
export function stringQuery(parsed: Record<string, unknown>): Query {
  return Object.fromEntries(Object.entries(parsed).flatMap(([key, value]) => (value === undefined || value === null ? [] : [[key, String(value)]])));
}
