import { shortKind } from "@/logic/keys";
import css from "./KindTag.module.css";

/** A kind by kubectl's short name. */
export function KindTag({ kind, isFixed }: { kind: string; isFixed?: boolean }) {
  return (
    <span className={isFixed ? `${css.tag} ${css.fixed}` : css.tag} title={kind}>
      {shortKind(kind)}
    </span>
  );
}
