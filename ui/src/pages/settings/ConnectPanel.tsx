import { Button, Checkbox, PasswordInput, SegmentedControl, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { Failure } from "@/kit/Failure";
import { SidePanel } from "@/kit/SidePanel";
import { administer } from "./queries";
import css from "./settings.module.css";

const KINDS = [
  { value: "https", label: "Git, HTTPS" },
  { value: "ssh", label: "Git, SSH" },
  { value: "helm", label: "Helm" },
  { value: "oci", label: "OCI" },
];

/** Connects a repository; the server asks it before it stores anything. */
export function ConnectPanel({ close }: { close: () => void }) {
  const client = useQueryClient();
  const [kind, setKind] = useState("https");
  const [fields, setFields] = useState({ repo: "", name: "", project: "", username: "", password: "", sshPrivateKey: "" });
  const [insecure, setInsecure] = useState(false);
  const connect = useMutation({
    mutationFn: () => {
      const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ""));
      return administer.connect({ ...given, type: kind === "helm" ? "helm" : kind === "oci" ? "oci" : "git", insecure });
    },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["repositories"] });
      close();
    },
  });
  const field = (key: keyof typeof fields) => ({ value: fields[key], onChange: (event: { currentTarget: { value: string } }) => setFields({ ...fields, [key]: event.currentTarget.value }) });
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    connect.mutate();
  };
  return (
    <SidePanel
      title="Connect a repository"
      close={close}
      footer={
        <>
          <span style={{ flex: 1 }} className={css.muted}>
            It is stored once it has answered.
          </span>
          <Button onClick={close}>Cancel</Button>
          <Button type="submit" form="connect" variant="filled" loading={connect.isPending} disabled={!fields.repo}>
            Test and connect
          </Button>
        </>
      }
    >
      <div className={css.content}>
        <Failure error={connect.error} what="Connect" dismiss={connect.reset} />
        <form id="connect" className={css.form} onSubmit={submit}>
          <SegmentedControl aria-label="Kind of repository" data={KINDS} value={kind} onChange={setKind} />
          <TextInput label="Address" placeholder={kind === "ssh" ? "git@git.example.com:team/shop.git" : kind === "oci" ? "oci://registry.example.com/shop" : "https://git.example.com/shop.git"} required withAsterisk={false} {...field("repo")} />
          {kind === "helm" ? <TextInput label="Name" required withAsterisk={false} {...field("name")} /> : null}
          <TextInput label="Project" description="Leave it empty to let every project use it" {...field("project")} />
          {kind === "ssh" ? (
            <label className={css.form}>
              <span>Private key</span>
              <textarea rows={8} spellCheck={false} autoComplete="off" value={fields.sshPrivateKey} onChange={(event) => setFields({ ...fields, sshPrivateKey: event.currentTarget.value })} />
            </label>
          ) : (
            <>
              <TextInput label="User" autoComplete="off" {...field("username")} />
              <PasswordInput label="Password or token" autoComplete="off" {...field("password")} />
            </>
          )}
          <Checkbox label="Do not check the server's certificate or host key" checked={insecure} onChange={(event) => setInsecure(event.currentTarget.checked)} />
        </form>
      </div>
    </SidePanel>
  );
}
