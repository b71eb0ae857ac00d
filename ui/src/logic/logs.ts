/** How urgent a log line is, from the words that loggers use. */

export type Level = "error" | "warn" | "debug" | "plain";

const LEVELS: [RegExp, Level][] = [
  [/\b(?:level=|"level":\s*")?(?:error|err|fatal|panic|critical)\b|\bE\d{4}\b/i, "error"],
  [/\b(?:warn|warning)\b|\bW\d{4}\b/i, "warn"],
  [/\b(?:debug|trace)\b/i, "debug"],
];

/** Returns the level of a line; only its beginning is looked at, where loggers write it. */
export function levelOf(line: string): Level {
  const head = line.slice(0, 200);
  return LEVELS.find(([pattern]) => pattern.test(head))?.[1] ?? "plain";
}
