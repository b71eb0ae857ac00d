import {
  ArrowUpDown, CircleCheck, CirclePause, CircleQuestionMark, Ghost, Heart, HeartCrack, Hourglass, LoaderCircle, type LucideIcon, OctagonX, RefreshCw, Scissors,
} from "lucide-react";
import { lookOf, type Shape } from "@/logic/status";
import css from "./StatusBadge.module.css";

const SHAPES: Record<Shape, LucideIcon> = {
  "circle-check": CircleCheck,
  "arrow-up-down": ArrowUpDown,
  "circle-question-mark": CircleQuestionMark,
  heart: Heart,
  "loader-circle": LoaderCircle,
  "heart-crack": HeartCrack,
  "circle-pause": CirclePause,
  ghost: Ghost,
  "refresh-cw": RefreshCw,
  "octagon-x": OctagonX,
  scissors: Scissors,
  hourglass: Hourglass,
};

interface Props {
  word: string | undefined;
  /** Where it stands in for `word`, such as `Syncing 4/9`. */
  text?: string;
  /** On its tint, for headers. */
  isFilled?: boolean;
  /** Health beside a comparison error: known, but old. */
  isMuted?: boolean;
  isShapeOnly?: boolean;
  title?: string;
}

/** A status as shape, word and colour, never colour alone. */
export function StatusBadge({ word = "Unknown", text, isFilled, isMuted, isShapeOnly, title }: Props) {
  const look = lookOf(word);
  const Icon = SHAPES[look.shape];
  const names = [css.badge, css[look.tone], isFilled ? css.filled : "", isMuted ? css.muted : "", look.shape === "refresh-cw" || look.shape === "loader-circle" ? css.turning : ""];
  return (
    <span className={names.filter(Boolean).join(" ")} title={title ?? (isMuted ? `${word} when it could last be compared` : undefined)}>
      <Icon size={14} strokeWidth={2.25} aria-hidden />
      {isShapeOnly ? <span className="sr-only">{text ?? word}</span> : <span className={css.word}>{text ?? word}</span>}
    </span>
  );
}
