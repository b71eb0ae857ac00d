import type { ReactNode } from "react";
import css from "./Facts.module.css";

/** Names and values; a row without a value is left out. */
export function Facts({ rows }: { rows: (readonly [name: string, value: ReactNode | undefined])[] }) {
  return (
    <dl className={css.facts}>
      {rows.map(([name, value]) =>
        value === undefined || value === "" || value === null ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}
