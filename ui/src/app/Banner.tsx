import { useQuery } from "@tanstack/react-query";
import { Megaphone, X } from "lucide-react";
import { useState } from "react";
import { queries } from "@/api/queries";
import { preference, setPreference } from "@/kit/preferences";
import { safeUrl } from "@/logic/source";
import css from "./Banner.module.css";

/** What whoever runs tiphys wants everybody to read (`ui.bannercontent`). */
export function Banner() {
  const { data } = useQuery(queries.settings());
  const content = data?.uiBannerContent ?? "";
  const [dismissed, setDismissed] = useState<string>(() => preference("banner", ""));
  if (!content || (!data?.uiBannerPermanent && dismissed === content)) return null;
  const url = safeUrl(data?.uiBannerURL);
  return (
    <aside className={css.banner} aria-label="Notice">
      <Megaphone size={16} aria-hidden />
      {url ? (
        <a href={url} target="_blank" rel="noreferrer">
          {content}
        </a>
      ) : (
        <span>{content}</span>
      )}
      {data?.uiBannerPermanent ? null : (
        <button
          type="button"
          aria-label="Dismiss the notice"
          onClick={() => {
            setPreference("banner", content);
            setDismissed(content);
          }}
        >
          <X size={16} aria-hidden />
        </button>
      )}
    </aside>
  );
}
