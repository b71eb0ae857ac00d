import { Check, Copy as CopyIcon } from "lucide-react";
import { useState } from "react";
import css from "./Copy.module.css";

async function write(text: string): Promise<void> {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  // Without TLS browsers have no clipboard for scripts, but still this.
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

/** A button that copies a text; with `label` it says so, without it is a small picture. */
export function Copy({ text, label, title }: { text: string; label?: string; title?: string }) {
  const [isDone, setDone] = useState(false);
  const copy = (): void => {
    void write(text).then(() => {
      setDone(true);
      setTimeout(() => setDone(false), 1500);
      return undefined;
    });
  };
  const Icon = isDone ? Check : CopyIcon;
  return (
    <button type="button" className={label ? css.labelled : css.button} onClick={copy} title={title ?? "Copy"} aria-label={label ? undefined : (title ?? "Copy")}>
      <Icon size={14} aria-hidden />
      {label ? <span>{isDone ? "Copied" : label}</span> : null}
      <span className="sr-only" aria-live="polite">
        {isDone ? "Copied" : ""}
      </span>
    </button>
  );
}

/** The command that does the same in a terminal. */
export function Command({ text }: { text: string }) {
  return (
    <span className={css.command}>
      <Copy text={text} title={`Copy: ${text}`} />
      <code title={text}>{text}</code>
    </span>
  );
}
