/** The look and the keys that all editors share. */
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { foldGutter, foldKeymap, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import type { Extension } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { nonce } from "@/kit/nonce";

const highlight = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--ok)" },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: "var(--missing)" },
  { tag: [tags.comment, tags.meta], color: "var(--muted)" },
]);

const look = EditorView.theme({
  "&": { height: "100%", backgroundColor: "var(--page)", color: "var(--text)", fontSize: "12.5px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "20px" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "var(--page)", color: "var(--muted)", border: "0" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--hover)" },
  ".cm-selectionBackground, &.cm-focused .cm-selectionBackground": { backgroundColor: "var(--selected) !important" },
  ".cm-panels": { backgroundColor: "var(--panel)", color: "var(--text)" },
  ".cm-changedLine, .cm-insertedLine, .cm-merge-b .cm-changedLine": { backgroundColor: "var(--diff-added) !important" },
  ".cm-deletedChunk, .cm-merge-a .cm-changedLine": { backgroundColor: "var(--diff-removed) !important" },
  ".cm-changedText": { background: "none !important", textDecoration: "underline", textUnderlineOffset: "3px" },
  ".cm-deletedText": { background: "none !important", textDecoration: "underline", textUnderlineOffset: "3px" },
  ".cm-collapsedLines": { backgroundColor: "var(--panel)", color: "var(--muted)", backgroundImage: "none", padding: "2px 12px" },
});

export function setup({ isReadOnly }: { isReadOnly: boolean }): Extension[] {
  return [
    EditorView.cspNonce.of(nonce()),
    lineNumbers(),
    foldGutter(),
    history(),
    indentOnInput(),
    search({ top: true }),
    highlightSelectionMatches(),
    yaml(),
    syntaxHighlighting(highlight),
    look,
    EditorView.editable.of(!isReadOnly),
    // A document that cannot be edited still has to be reached by keyboard.
    ...(isReadOnly ? [EditorView.contentAttributes.of({ tabindex: "0", "aria-label": "Manifest", "aria-readonly": "true" })] : []),
    keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap, ...foldKeymap]),
  ];
}
