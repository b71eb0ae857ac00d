import { Button, Menu, Modal, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Ellipsis, Play, Trash2 } from "lucide-react";
import { useState } from "react";
import { actions } from "@/api/actions";
import { type AppId, queries } from "@/api/queries";
import type { ResourceRef } from "@/api/records";
import { Failure } from "@/kit/Failure";
import { losesData } from "@/logic/plan";
import css from "./panel.module.css";

/** What can be done to one resource beyond syncing it: its actions, and deleting it. */
export function ResourceActions({ id, refOf, isManaged, onDone }: { id: AppId; refOf: ResourceRef; isManaged: boolean; onDone: () => void }) {
  const client = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const [isDeleting, setDeleting] = useState(false);
  const found = useQuery({ ...queries.actions(id, refOf), enabled: isOpen });
  const again = (): void => void client.invalidateQueries({ queryKey: queries.tree(id).queryKey });
  const run = useMutation({ mutationFn: (action: string) => actions.run(id, refOf, action), onSuccess: again });
  return (
    <>
      <Failure error={run.error} what="Action" dismiss={run.reset} />
      {run.isSuccess ? (
        <span role="status" className={css.muted}>
          {run.variables}: done
        </span>
      ) : null}
      <Menu position="bottom-end" opened={isOpen} onChange={setOpen}>
        <Menu.Target>
          <Button size="xs" px={8} loading={run.isPending} aria-label="Actions">
            <Ellipsis size={16} aria-hidden />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{found.isPending ? "Loading the actions" : found.data?.length ? "Actions" : "No actions for this kind"}</Menu.Label>
          {(found.data ?? []).map((action) => (
            <Menu.Item key={action.name} disabled={action.disabled === true} leftSection={<Play size={14} aria-hidden />} onClick={() => run.mutate(action.name)}>
              {action.displayName || action.name}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item color="var(--bad)" leftSection={<Trash2 size={14} aria-hidden />} onClick={() => setDeleting(true)}>
            Delete…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {isDeleting ? <DeleteResource id={id} refOf={refOf} isManaged={isManaged} close={() => setDeleting(false)} onDone={onDone} /> : null}
    </>
  );
}

interface DeleteProps {
  id: AppId;
  refOf: ResourceRef;
  isManaged: boolean;
  close: () => void;
  onDone: () => void;
}

function DeleteResource({ id, refOf, isManaged, close, onDone }: DeleteProps) {
  const client = useQueryClient();
  const [typed, setTyped] = useState("");
  const isHeavy = losesData(refOf.kind);
  const remove = useMutation({
    mutationFn: () => actions.removeResource(id, refOf, {}),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: queries.tree(id).queryKey });
      close();
      onDone();
    },
  });
  return (
    <Modal opened onClose={close} title={`Delete ${refOf.kind} ${refOf.name}`} size="md">
      <div className={css.confirm}>
        <Failure error={remove.error} what="Delete" dismiss={remove.reset} />
        <p>{isManaged ? "Git wants it, so the next sync creates it again." : "What owns it may create it again."} What it owns is deleted with it.</p>
        {isHeavy ? <TextInput label={`It holds data. Type ${refOf.name} to allow that it is lost`} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} /> : null}
        <div className={css.buttons}>
          <Button data-autofocus onClick={close}>
            Cancel
          </Button>
          <Button variant="filled" color="var(--bad)" loading={remove.isPending} disabled={isHeavy && typed !== refOf.name} onClick={() => remove.mutate()}>
            Delete {refOf.name}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
