import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, Download } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { address, segment } from "@/api/client";
import type { AppId } from "@/api/queries";
import type { ResourceRef } from "@/api/records";
import { EmptyState, ErrorState, Skeleton } from "@/kit/states";
import { type LogLine, useLogs } from "@/live/logs";
import { levelOf } from "@/logic/logs";
import css from "./logs.module.css";
import panel from "./panel.module.css";

const TAILS = ["100", "1000", "5000", "20000"];

/** The logs of a workload's pods: newest at the bottom, and the page stays where one looks. */
export function LogsTab({ id, refOf }: { id: AppId; refOf: ResourceRef }) {
  const [tail, setTail] = useState("1000");
  const [isPrevious, setPrevious] = useState(false);
  const [isWrapped, setWrapped] = useState(false);
  const [hasTimes, setTimes] = useState(false);
  const [search, setSearch] = useState("");
  const isPod = refOf.kind === "Pod";
  const path = isPod ? `api/v1/applications/${segment(id.name)}/pods/${segment(refOf.name)}/logs` : `api/v1/applications/${segment(id.name)}/logs`;
  const which = { appNamespace: id.namespace, namespace: refOf.namespace, ...(isPod ? {} : { kind: refOf.kind, group: refOf.group, resourceName: refOf.name }), previous: isPrevious || undefined };
  const logs = useLogs(path, { ...which, tailLines: tail, follow: !isPrevious });
  const lines = useMemo(() => {
    const wanted = search.toLowerCase();
    return wanted ? logs.lines.filter((line) => line.content.toLowerCase().includes(wanted)) : logs.lines;
  }, [logs.lines, search]);
  const words = { opening: "Opening", following: "Following", ended: "Ended", failed: "Failed" };

  return (
    <>
      <div className={panel.bar}>
        <input type="search" className={css.search} placeholder="Find in the lines" aria-label="Find in the lines" value={search} onChange={(event) => setSearch(event.currentTarget.value)} />
        <span role="status">{search ? `${lines.length} of ${logs.lines.length}` : `${words[logs.state]}, ${logs.lines.length} lines`}</span>
        <label>
          Last
          <select value={tail} onChange={(event) => setTail(event.currentTarget.value)}>
            {TAILS.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <Check label="Previous" checked={isPrevious} set={setPrevious} />
        <Check label="Wrap" checked={isWrapped} set={setWrapped} />
        <Check label="Times" checked={hasTimes} set={setTimes} />
        <a className={panel.grow} href={address(path, { ...which, follow: false, download: true })} download>
          <Download size={14} aria-hidden /> Download
        </a>
      </div>
      {logs.problem ? <ErrorState error={new Error(logs.problem.what)} title="The logs could not be read" /> : null}
      {logs.state === "opening" ? <Skeleton rows={6} /> : null}
      {logs.state !== "opening" && !logs.problem && lines.length === 0 ? <EmptyState title={search ? "No line contains that" : "No lines"}>{search ? "" : "The containers have written nothing, or they have not started."}</EmptyState> : null}
      {lines.length > 0 ? <Lines lines={lines} isWrapped={isWrapped} hasTimes={hasTimes} dropped={logs.dropped} /> : null}
    </>
  );
}

function Check({ label, checked, set }: { label: string; checked: boolean; set: (checked: boolean) => void }) {
  return (
    <label>
      <input type="checkbox" checked={checked} onChange={(event) => set(event.currentTarget.checked)} />
      {label}
    </label>
  );
}

function Lines({ lines, isWrapped, hasTimes, dropped }: { lines: LogLine[]; isWrapped: boolean; hasTimes: boolean; dropped: number }) {
  const box = useRef<HTMLDivElement>(null);
  const [isFollowing, setFollowing] = useState(true);
  const [seen, setSeen] = useState(lines.length);
  const virtual = useVirtualizer({ count: lines.length, getScrollElement: () => box.current, estimateSize: () => 20, overscan: 30, getItemKey: (index) => lines[index]?.key ?? index });
  const pods = new Set(lines.map((line) => line.podName));
  useEffect(() => {
    if (!isFollowing) return;
    setSeen(lines.length);
    virtual.scrollToIndex(lines.length - 1, { align: "end" });
  }, [lines, isFollowing, virtual]);
  const onScroll = (): void => {
    const present = box.current;
    if (present) setFollowing(present.scrollHeight - present.scrollTop - present.clientHeight < 32);
  };
  const fresh = lines.length - seen;
  return (
    <div className={css.frame}>
      <div ref={box} className={isWrapped ? `${css.box} ${css.wrapped}` : css.box} onScroll={onScroll} role="log" aria-label="Log lines" aria-live="off" tabIndex={0}>
        {dropped > 0 ? <p className={css.dropped}>{dropped} older lines are no longer kept here: download them.</p> : null}
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {virtual.getVirtualItems().map((item) => {
            const line = lines[item.index];
            if (!line) return null;
            return (
              <div key={item.key} ref={virtual.measureElement} data-index={item.index} className={`${css.line} ${css[levelOf(line.content)] ?? ""}`} style={{ transform: `translateY(${item.start}px)` }}>
                {hasTimes ? <span className={css.meta}>{line.timeStampStr?.slice(0, 23)}</span> : null}
                {pods.size > 1 ? <span className={css.meta}>{line.podName}</span> : null}
                {line.content}
              </div>
            );
          })}
        </div>
      </div>
      {isFollowing ? null : (
        <button type="button" className={css.fresh} onClick={() => setFollowing(true)}>
          {fresh > 0 ? `${fresh} new lines` : "To the end"} <ArrowDown size={14} aria-hidden />
        </button>
      )}
    </div>
  );
}
