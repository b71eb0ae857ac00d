import { KindTag } from "@/kit/KindTag";
import { type Effect, type Plan, type Step, summaryOf } from "@/logic/plan";
import { DriftTable } from "./DriftTab";
import css from "./panel.module.css";

const SIGNS: Record<Effect, [sign: string, word: string]> = { create: ["+", "create"], change: ["~", "change"], delete: ["−", "delete"], same: ["=", "same"] };

interface Props {
  plan: Plan;
  chosen: ReadonlySet<string>;
  prune: boolean;
  /** Absent where the choice is fixed. */
  toggle: ((key: string) => void) | undefined;
}

export function PlanList({ plan, chosen, prune, toggle }: Props) {
  const steps = plan.steps.filter((step) => step.effect !== "same");
  const same = plan.steps.filter((step) => step.effect === "same");
  return (
    <section aria-label="Plan">
      <div className={css.counts}>
        <h3>Plan</h3>
        {(Object.keys(SIGNS) as Effect[]).map((effect) => (
          <span key={effect} className={css[effect]}>
            {SIGNS[effect][0]} {plan.counts[effect]} {SIGNS[effect][1]}
            {effect === "delete" && plan.counts.delete > 0 && !prune ? " (only with prune)" : ""}
          </span>
        ))}
      </div>
      {steps.length === 0 ? <p className={css.muted}>The cluster is what Git says: a sync changes nothing.</p> : null}
      <ul className={css.steps}>
        {steps.map((step) => (
          <PlanStep key={step.key} step={step} isChosen={chosen.has(step.key)} isIdle={step.effect === "delete" && !prune} toggle={toggle} />
        ))}
      </ul>
      {same.length > 0 ? (
        <details>
          <summary className={css.muted}>{same.length} that are the same</summary>
          <ul className={css.steps}>
            {same.map((step) => (
              <PlanStep key={step.key} step={step} isChosen={chosen.has(step.key)} isIdle={false} toggle={toggle} />
            ))}
          </ul>
        </details>
      ) : null}
    </section>
  );
}

function PlanStep({ step, isChosen, isIdle, toggle }: { step: Step; isChosen: boolean; isIdle: boolean; toggle: Props["toggle"] }) {
  return (
    <li className={css.step}>
      <label className={isIdle ? css.muted : undefined}>
        <input type="checkbox" checked={isChosen} disabled={!toggle} onChange={() => toggle?.(step.key)} />
        <span className={`${css.sign} ${css[step.effect]}`} aria-label={SIGNS[step.effect][1]}>
          {SIGNS[step.effect][0]}
        </span>
        <KindTag kind={step.ref.kind} isFixed />
        <span className={css.what} title={step.ref.name}>
          {step.ref.name}
        </span>
        <span className={css.summary}>{isIdle ? "stays: prune is off" : step.effect === "delete" && step.holdsData ? "holds data" : summaryOf(step)}</span>
      </label>
      {step.drift.length > 0 ? (
        <details>
          <summary className={css.muted}>{step.drift.length === 1 ? "1 field" : `${step.drift.length} fields`}</summary>
          <DriftTable drift={step.drift} />
        </details>
      ) : null}
    </li>
  );
}
