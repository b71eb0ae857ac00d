import { Button } from "@mantine/core";
import { RefreshCw, X } from "lucide-react";
import { useState } from "react";
import { actions } from "@/api/actions";
import { problemFrom } from "@/api/problems";
import type { Application } from "@/api/records";
import { Command } from "@/kit/Copy";
import { cli } from "@/logic/cli";
import css from "./applications.module.css";

interface Props {
  apps: readonly Application[];
  selected: ReadonlySet<string>;
  clear: () => void;
}

/** What can be done to all that are selected; failures are named one by one. */
export function BulkBar({ apps, selected, clear }: Props) {
  const [isBusy, setBusy] = useState(false);
  const [result, setResult] = useState("");
  const chosen = apps.filter((app) => selected.has(`${app.metadata.namespace ?? ""}/${app.metadata.name}`));
  const names = chosen.map((app) => app.metadata.name);
  const run = async (what: string, act: (app: Application) => Promise<unknown>): Promise<void> => {
    setBusy(true);
    setResult("");
    const done = await Promise.allSettled(chosen.map(act));
    const failed = done.flatMap((one, index) => (one.status === "rejected" ? [`${names[index] ?? ""}: ${problemFrom(one.reason).what}`] : []));
    setResult(failed.length > 0 ? `${failed.length} of ${chosen.length} not ${what}: ${failed.join("; ")}` : `${chosen.length} ${what}`);
    setBusy(false);
  };
  const id = (app: Application) => ({ name: app.metadata.name, ...(app.metadata.namespace ? { namespace: app.metadata.namespace } : {}) });
  return (
    <div className={css.bulk} role="region" aria-label="Selected applications">
      <strong>{chosen.length} selected</strong>
      <Button size="xs" loading={isBusy} onClick={() => void run("asked to sync", (app) => actions.sync(id(app), {}))}>
        Sync {chosen.length}
      </Button>
      <Button size="xs" loading={isBusy} leftSection={<RefreshCw size={14} aria-hidden />} onClick={() => void run("refreshed", (app) => actions.refresh(id(app), "normal"))}>
        Refresh
      </Button>
      <span className={css.command}>
        <Command text={cli.sync(names)} />
      </span>
      <span className={css.result} role="status">
        {result}
      </span>
      <Button size="xs" variant="subtle" leftSection={<X size={14} aria-hidden />} onClick={clear}>
        Clear
      </Button>
    </div>
  );
}
