import { exactTime, ageOf } from "@/logic/time";
import { useNow } from "./clock";
import { preference } from "./preferences";

/** How long ago a time was; exactly when on hover. */
export function Ago({ time, suffix = "" }: { time: string | undefined; suffix?: string }) {
  const now = useNow();
  if (!time) return null;
  return (
    <time dateTime={time} title={exactTime(time, preference("zone", "local"))}>
      {ageOf(time, now)}
      {suffix}
    </time>
  );
}
