/** Live and desired side by side from 900 px, one below the other where it is narrower. */
import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useMemo, useRef } from "react";
import { setup } from "./setup";
import { toYaml } from "./yaml";
import css from "./editor.module.css";

const COLLAPSE = { margin: 3, minSize: 6 };
const WIDE = 900;

interface Props {
  /** JSON of what is in the cluster. */
  live: string;
  /** JSON of what Git wants. */
  desired: string;
  names?: [live: string, desired: string];
}

export function DiffView({ live, desired, names = ["Live", "Desired (Git)"] }: Props) {
  const { ref: measured, width } = useElementSize();
  const box = useRef<HTMLDivElement>(null);
  const isWide = width >= WIDE;
  const [left, right] = useMemo(() => [toYaml(live, { sorted: true }), toYaml(desired, { sorted: true })], [live, desired]);
  const isMeasured = width > 0;
  useEffect(() => {
    const parent = box.current;
    if (!parent || !isMeasured) return undefined;
    const extensions = setup({ isReadOnly: true });
    if (isWide) {
      const view = new MergeView({
        parent,
        a: { doc: left, extensions },
        b: { doc: right, extensions },
        collapseUnchanged: COLLAPSE,
        gutter: true,
      });
      return () => view.destroy();
    }
    const view = new EditorView({
      parent,
      state: EditorState.create({ doc: right, extensions: [...extensions, unifiedMergeView({ original: left, mergeControls: false, collapseUnchanged: COLLAPSE, gutter: true })] }),
    });
    return () => view.destroy();
  }, [left, right, isWide, isMeasured]);
  return (
    <>
      <div className={css.head}>
        <span>− {names[0]}</span>
        <span>+ {names[1]}</span>
      </div>
      <div ref={measured} className={css.diff}>
        <div ref={box} />
      </div>
    </>
  );
}
