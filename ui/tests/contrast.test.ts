/** Recomputes what every pair of colours reaches, by the formula of WCAG 2.2. */
import { expect, test } from "vitest";
import css from "@/app/tokens.css?raw";

const [light = "", dark = ""] = css.split('[data-mantine-color-scheme="dark"]');

function tokens(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map((match) => [match[1] ?? "", match[2] ?? ""]));
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

const SURFACES = ["page", "panel", "raised", "hover", "selected"];
const PAIRS: [string, string, number][] = [
  ...["text", "muted", "accent", "ok", "warn", "bad", "progress", "idle", "missing"].flatMap((name) => SURFACES.map((surface): [string, string, number] => [name, surface, 4.5])),
  ...["ok", "warn", "bad", "progress", "idle", "missing"].map((name): [string, string, number] => [name, `${name}-tint`, 4.5]),
  ...["ok", "warn", "bad", "progress", "idle", "missing"].map((name): [string, string, number] => ["text", `${name}-tint`, 4.5]),
  ["text", "diff-added", 4.5],
  ["text", "diff-removed", 4.5],
  ["on-accent", "accent", 4.5],
  ["edge", "page", 3],
  ["edge", "raised", 3],
];

for (const [theme, found] of [["light", tokens(light)], ["dark", { ...tokens(light), ...tokens(dark) }]] as const) {
  test.each(PAIRS)(`${theme}: %s on %s reaches %d`, (front, back, least) => {
    expect(contrast(found[front] ?? "", found[back] ?? "")).toBeGreaterThanOrEqual(least);
  });
}
