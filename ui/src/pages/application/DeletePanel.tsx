import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { actions } from "@/api/actions";
import { queries } from "@/api/queries";
import { Command } from "@/kit/Copy";
import { Failure } from "@/kit/Failure";
import { KindTag } from "@/kit/KindTag";
import { SidePanel } from "@/kit/SidePanel";
import { cli } from "@/logic/cli";
import { keyOf } from "@/logic/keys";
import type { PanelProps } from "./Panels";
import css from "./panel.module.css";

const WAYS = [
  { key: "orphan", label: "Only the application", text: "Its resources go on running, and nobody manages them." },
  { key: "foreground", label: "The application and its resources", text: "It is gone once all of them are." },
  { key: "background", label: "The application at once, its resources afterwards", text: "Nobody waits until they are gone." },
] as const;

/** Deleting an application: what goes is listed, the safest way is chosen, the name has to be typed. */
export function DeletePanel({ id, app, close }: PanelProps) {
  const [way, setWay] = useState<string>("orphan");
  const [typed, setTyped] = useState("");
  const navigate = useNavigate();
  const client = useQueryClient();
  const { name } = app.metadata;
  const resources = app.status?.resources ?? [];
  const remove = useMutation({
    mutationFn: () => actions.remove(id, way === "orphan" ? { cascade: false } : { cascade: true, propagationPolicy: way }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: queries.applications().queryKey });
      void navigate({ to: "/applications" });
    },
  });
  return (
    <SidePanel
      title={`Delete ${name}`}
      close={close}
      footer={
        <>
          <span style={{ flex: "1 1 200px", minWidth: 0 }}>
            <Command text={cli.remove(name, way)} />
          </span>
          <Button data-autofocus onClick={close}>
            Cancel
          </Button>
          <Button variant="filled" color="var(--bad)" disabled={typed !== name} loading={remove.isPending} onClick={() => remove.mutate()}>
            {way === "orphan" ? "Delete the application only" : `Delete it and ${resources.length} resources`}
          </Button>
        </>
      }
    >
      <div className={css.padded}>
        <Failure error={remove.error} what="Delete" dismiss={remove.reset} />
        <fieldset className={css.group}>
          <legend className={css.legend}>What is deleted</legend>
          {WAYS.map((one) => (
            <label key={one.key} className={css.check}>
              <input type="radio" name="way" checked={way === one.key} onChange={() => setWay(one.key)} />
              <span>
                {one.label} <span className={css.muted}>{one.text}</span>
              </span>
            </label>
          ))}
        </fieldset>
        {way === "orphan" ? null : (
          <section aria-label="Resources that are deleted">
            <h3>{resources.length} resources are deleted</h3>
            <ul className={css.steps}>
              {resources.map((found) => (
                <li key={keyOf(found)} className={css.step} style={{ padding: "6px 0" }}>
                  <KindTag kind={found.kind} isFixed /> {found.namespace ? <span className={css.muted}>{found.namespace}/</span> : null}
                  {found.name}
                </li>
              ))}
            </ul>
          </section>
        )}
        <TextInput label={`Type ${name} to confirm`} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} maw={420} autoComplete="off" />
      </div>
    </SidePanel>
  );
}
