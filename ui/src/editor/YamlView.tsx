import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { setup } from "./setup";
import css from "./editor.module.css";

/** A document to read: folded, searched (Ctrl F), copied. */
export function YamlView({ text }: { text: string }) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const first = useRef(text);
  useEffect(() => {
    if (!box.current) return undefined;
    view.current = new EditorView({ parent: box.current, state: EditorState.create({ doc: first.current, extensions: setup({ isReadOnly: true }) }) });
    return () => view.current?.destroy();
  }, []);
  useEffect(() => {
    const present = view.current;
    if (!present || present.state.doc.toString() === text) return;
    // The place where somebody reads stays: only the text changes.
    const top = present.scrollDOM.scrollTop;
    present.dispatch({ changes: { from: 0, to: present.state.doc.length, insert: text } });
    present.scrollDOM.scrollTop = top;
  }, [text]);
  return <div ref={box} className={css.editor} />;
}
