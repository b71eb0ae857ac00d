import { Button, PasswordInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { Failure } from "@/kit/Failure";
import { administer } from "./queries";
import css from "./settings.module.css";

/** Changes a password; the one of whoever does it is asked for. */
export function PasswordForm({ name }: { name: string }) {
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const save = useMutation({
    mutationFn: () => administer.setPassword(name, old, fresh),
    onSuccess: () => {
      setOld("");
      setFresh("");
      setAgain("");
    },
  });
  const differs = again !== "" && again !== fresh;
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form className={css.form} onSubmit={submit}>
      <h2>Password</h2>
      <Failure error={save.error} what="Password" dismiss={save.reset} />
      <PasswordInput label="Your password now" autoComplete="current-password" value={old} onChange={(event) => setOld(event.currentTarget.value)} />
      <PasswordInput label={`New password of ${name}`} autoComplete="new-password" value={fresh} onChange={(event) => setFresh(event.currentTarget.value)} />
      <PasswordInput label="The new password again" autoComplete="new-password" value={again} error={differs ? "It differs." : undefined} onChange={(event) => setAgain(event.currentTarget.value)} />
      <div className={css.row}>
        <Button type="submit" loading={save.isPending} disabled={!old || !fresh || fresh !== again}>
          Change the password
        </Button>
        <span role="status">{save.isSuccess ? "Changed. Other sessions of this account have ended." : ""}</span>
      </div>
    </form>
  );
}
