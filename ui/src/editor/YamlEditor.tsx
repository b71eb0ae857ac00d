import { lintGutter, linter, type Diagnostic } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { parseDocument } from "yaml";
import { setup } from "./setup";
import css from "./editor.module.css";

interface Props {
  text: string;
  onChange: (text: string) => void;
  /** Told the first mistake, or "" for none. */
  onProblem?: (problem: string) => void;
  label: string;
}

function mistakes(text: string): Diagnostic[] {
  return parseDocument(text).errors.map((error) => ({
    from: Math.min(error.pos[0], text.length),
    to: Math.min(Math.max(error.pos[1], error.pos[0]), text.length),
    severity: "error",
    message: error.message.split("\n")[0] ?? "not understood",
  }));
}

/** YAML to write; a mistake is a mark in the gutter and never a crash. */
export function YamlEditor({ text, onChange, onProblem, label }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const told = useRef({ onChange, onProblem });
  useEffect(() => {
    told.current = { onChange, onProblem };
  }, [onChange, onProblem]);
  const first = useRef({ text, label });
  useEffect(() => {
    if (!box.current) return undefined;
    view.current = new EditorView({
      parent: box.current,
      state: EditorState.create({
        doc: first.current.text,
        extensions: [
          ...setup({ isReadOnly: false }),
          lintGutter(),
          linter((editor) => {
            const found = mistakes(editor.state.doc.toString());
            told.current.onProblem?.(found[0] ? `line ${editor.state.doc.lineAt(found[0].from).number}: ${found[0].message}` : "");
            return found;
          }, { delay: 200 }),
          EditorView.contentAttributes.of({ "aria-label": first.current.label }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) told.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    return () => view.current?.destroy();
  }, []);
  useEffect(() => {
    const present = view.current;
    if (present && present.state.doc.toString() !== text) present.dispatch({ changes: { from: 0, to: present.state.doc.length, insert: text } });
  }, [text]);
  return <div ref={box} className={css.editor} />;
}
