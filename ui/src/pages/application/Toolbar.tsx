import { Button, Menu } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ChevronDown, Ellipsis, FileText, History, RefreshCw, Trash2, Upload } from "lucide-react";
import { useEffect } from "react";
import { actions } from "@/api/actions";
import { type AppId, queries } from "@/api/queries";
import type { Application } from "@/api/records";
import { Failure } from "@/kit/Failure";
import { useQueryState } from "@/kit/useQueryState";
import css from "./application.module.css";

interface Props {
  id: AppId;
  app: Application;
  isGone: boolean;
}

/** What can be done to the application; Sync is the filled one only while there is something to sync. */
export function Toolbar({ id, app, isGone }: Props) {
  const [, change] = useQueryState();
  const client = useQueryClient();
  const refresh = useMutation({
    mutationFn: (kind: "normal" | "hard") => actions.refresh(id, kind),
    onSuccess: (found) => {
      client.setQueryData(queries.application(id).queryKey, found);
      void client.invalidateQueries({ queryKey: queries.managed(id).queryKey });
    },
  });
  const isOutOfSync = app.status?.sync?.status !== "Synced";
  const { mutate } = refresh;
  useEffect(() => {
    const keys: Record<string, () => void> = {
      s: () => change({ deploy: "all" }),
      r: () => mutate("normal"),
      R: () => mutate("hard"),
      h: () => change({ rollback: "0" }),
    };
    const onKey = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input, textarea, [contenteditable], [role=dialog], [role=menu]")) return;
      const act = keys[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [change, mutate]);

  return (
    <>
      <Failure error={refresh.error} what="Refresh" dismiss={refresh.reset} />
      <Button variant={isOutOfSync && !isGone ? "filled" : "default"} disabled={isGone} leftSection={<Upload size={16} aria-hidden />} onClick={() => change({ deploy: "all" })}>
        Sync…
      </Button>
      <Button.Group>
        <Button disabled={isGone} loading={refresh.isPending} leftSection={<RefreshCw size={16} aria-hidden />} onClick={() => refresh.mutate("normal")}>
          Refresh
        </Button>
        <Menu position="bottom-end">
          <Menu.Target>
            <Button px={8} disabled={isGone} aria-label="More ways to refresh">
              <ChevronDown size={16} aria-hidden />
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => refresh.mutate("normal")}>Compare again</Menu.Item>
            <Menu.Item onClick={() => refresh.mutate("hard")}>Render and compare again, without caches</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Button.Group>
      <Button className={css.wide} leftSection={<History size={16} aria-hidden />} onClick={() => change({ rollback: "0" })}>
        History
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button px={8} aria-label="More">
            <Ellipsis size={16} aria-hidden />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<FileText size={16} aria-hidden />} onClick={() => change({ node: "app", tab: "summary" })}>
            Details and specification
          </Menu.Item>
          <Menu.Item leftSection={<History size={16} aria-hidden />} onClick={() => change({ rollback: "0" })}>
            History and rollback
          </Menu.Item>
          <Menu.Item leftSection={<RefreshCw size={16} aria-hidden />} disabled={!app.status?.operationState} onClick={() => change({ operation: "true" })}>
            Last sync
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item color="var(--bad)" disabled={isGone} leftSection={<Trash2 size={16} aria-hidden />} onClick={() => change({ delete: "true" })}>
            Delete…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  );
}
