import type { Freshness } from "@/live/streams";
import { lengthOf } from "@/logic/time";
import { useNow } from "./clock";
import css from "./LiveBadge.module.css";

const WORDS: Record<Freshness["state"], string> = { connecting: "Connecting", live: "Live", reconnecting: "Reconnecting", refused: "Stale", ended: "Stale" };

/** How fresh the page is; never silent about being stale. */
export function LiveBadge({ freshness }: { freshness: Freshness }) {
  const now = useNow();
  const age = freshness.state === "live" || freshness.state === "connecting" ? "" : ` ${lengthOf((now - freshness.since) / 1000)}`;
  return (
    <span className={`${css.badge} ${css[freshness.state] ?? ""}`} role="status" title={freshness.state === "live" ? "Changes appear by themselves" : "What you see may be old"}>
      <span className={css.dot} aria-hidden />
      {WORDS[freshness.state]}
      {age}
    </span>
  );
}
