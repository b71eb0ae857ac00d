/** Times in words. The clock comes in as an argument. */

const STEPS: [limit: number, unit: number, name: string][] = [
  [60, 1, "s"],
  [3600, 60, "min"],
  [86_400, 3600, "h"],
  [86_400 * 60, 86_400, "d"],
  [86_400 * 730, 86_400 * 30, "mo"],
  [Number.POSITIVE_INFINITY, 86_400 * 365, "y"],
];

/** Returns a length of time in its largest unit, such as `12 min`. */
export function lengthOf(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const step = STEPS.find(([limit]) => whole < limit) ?? [0, 1, "s"];
  return `${Math.floor(whole / step[1])} ${step[2]}`;
}

/** Returns how long ago a time was, such as `12 min`; empty for no time. */
export function ageOf(time: string | undefined, now: number): string {
  const at = time ? Date.parse(time) : Number.NaN;
  return Number.isNaN(at) ? "" : lengthOf((now - at) / 1000);
}

/** Returns the time between two instants, such as `9 s`; until now while it has no end. */
export function durationOf(start: string | undefined, end: string | undefined, now: number): string {
  const from = start ? Date.parse(start) : Number.NaN;
  if (Number.isNaN(from)) return "";
  const to = end ? Date.parse(end) : now;
  return lengthOf(((Number.isNaN(to) ? now : to) - from) / 1000);
}

/** Returns a time to the second, in UTC or in the zone of the reader. */
export function exactTime(time: string, zone: "local" | "utc"): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return time;
  if (zone === "utc") return `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
