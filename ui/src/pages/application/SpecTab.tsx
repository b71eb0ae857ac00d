import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { parse, stringify } from "yaml";
import { actions } from "@/api/actions";
import { type AppId, queries } from "@/api/queries";
import type { Application } from "@/api/records";
import { YamlEditor } from "@/editor/YamlEditor";
import { Failure } from "@/kit/Failure";
import css from "./panel.module.css";

/** The specification as YAML; what is typed stays until it is saved or thrown away. */
export function SpecTab({ id, app }: { id: AppId; app: Application }) {
  const client = useQueryClient();
  const [draft, setDraft] = useState<string>();
  const [error, setError] = useState("");
  const saved = stringify(app.spec, { lineWidth: 0 });
  const save = useMutation({
    mutationFn: (text: string) => actions.updateSpec(id, parse(text)),
    onSuccess: () => {
      setDraft(undefined);
      void client.invalidateQueries({ queryKey: queries.application(id).queryKey });
    },
  });
  const isChanged = draft !== undefined && draft !== saved;
  return (
    <>
      <div className={css.bar}>
        <span className={css.muted}>{error || (isChanged ? "Changed, not saved" : "Edit, then save")}</span>
        <span className={css.grow} />
        <Button size="xs" disabled={!isChanged} onClick={() => setDraft(undefined)}>
          Undo all
        </Button>
        <Button size="xs" variant={isChanged ? "filled" : "default"} disabled={!isChanged || Boolean(error)} loading={save.isPending} onClick={() => draft !== undefined && save.mutate(draft)}>
          Save
        </Button>
      </div>
      <Failure error={save.error} what="Save" dismiss={save.reset} />
      <YamlEditor text={draft ?? saved} onChange={setDraft} onProblem={setError} label="Specification" />
    </>
  );
}
