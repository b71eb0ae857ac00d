import css from "./panel.module.css";

export interface Options {
  prune: boolean;
  dryRun: boolean;
  force: boolean;
  isApplyOnly: boolean;
  syncOptions: ReadonlySet<string>;
}

interface Props {
  options: Options;
  setOptions: (options: Options) => void;
  fromSpec: readonly string[];
  mayPrune: boolean;
}

const MAIN: [key: "prune" | "dryRun" | "force" | "isApplyOnly", label: string, title: string][] = [
  ["prune", "Prune", "Delete what is no longer in Git"],
  ["dryRun", "Dry run", "Ask the cluster what would happen, change nothing"],
  ["force", "Force", "Delete and create again what cannot be changed"],
  ["isApplyOnly", "Apply only", "Skip hooks"],
];

const MORE: [option: string, label: string][] = [
  ["CreateNamespace=true", "Create the namespace"],
  ["ApplyOutOfSyncOnly=true", "Apply out of sync only"],
  ["PruneLast=true", "Prune last"],
  ["ServerSideApply=true", "Server-side apply"],
  ["RespectIgnoreDifferences=true", "Respect ignored differences"],
  ["Validate=false", "Skip schema validation"],
  ["Replace=true", "Replace"],
];

export function SyncOptions({ options, setOptions, fromSpec, mayPrune }: Props) {
  const toggle = (option: string): void => {
    const next = new Set(options.syncOptions);
    if (!next.delete(option)) next.add(option);
    setOptions({ ...options, syncOptions: next });
  };
  const more = [...MORE, ...fromSpec.filter((option) => !MORE.some(([known]) => known === option)).map((option): [string, string] => [option, option])];
  return (
    <fieldset className={css.group}>
      <legend className={css.legend}>Options</legend>
      <div className={css.checks}>
        {MAIN.map(([key, label, title]) => (
          <label key={key} title={title}>
            <input type="checkbox" checked={options[key]} disabled={key === "prune" && !mayPrune} onChange={() => setOptions({ ...options, [key]: !options[key] })} />
            {label}
          </label>
        ))}
        {more.map(([option, label]) => (
          <label key={option} title={option}>
            <input type="checkbox" checked={options.syncOptions.has(option)} onChange={() => toggle(option)} />
            <span>
              {label} {fromSpec.includes(option) ? <span className={css.muted}>(from spec)</span> : null}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
