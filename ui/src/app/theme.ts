/** Mantine in our colours: everything is a token, so that light and dark are one sheet. */
import { createTheme, defaultVariantColorsResolver, type MantineColorSchemeManager, type MantineColorsTuple } from "@mantine/core";

const accent = Array.from({ length: 10 }, () => "var(--accent)") as unknown as MantineColorsTuple;

/** Mantine's greys of the dark theme, from text to the darkest surface, as our tokens have them. */
const dark: MantineColorsTuple = ["#e8eaee", "#c9ced6", "#a7afbd", "#7b8494", "#363d49", "#2a303a", "#222730", "#1b1f26", "#14171c", "#0f1216"];

export const theme = createTheme({
  colors: { accent, dark },
  primaryColor: "accent",
  autoContrast: false,
  defaultRadius: 6,
  fontFamily: "var(--sans)",
  fontFamilyMonospace: "var(--mono)",
  fontSizes: { xs: "12px", sm: "13px", md: "14px", lg: "16px", xl: "24px" },
  spacing: { xs: "4px", sm: "8px", md: "12px", lg: "16px", xl: "24px" },
  respectReducedMotion: true,
  // On a filled button the text is ours too: white on the accent of the dark theme cannot be read.
  variantColorResolver: (input) => {
    const found = defaultVariantColorsResolver(input);
    return input.variant === "filled" ? { ...found, color: "var(--on-accent)" } : found;
  },
  cursorType: "pointer",
  // Plain records and not `Button.extend(...)`: the theme alone must not load the components.
  components: {
    Button: { defaultProps: { size: "sm", variant: "default" } },
    Menu: { defaultProps: { shadow: "md", transitionProps: { duration: 0 } } },
    Popover: { defaultProps: { shadow: "md", transitionProps: { duration: 0 } } },
    Drawer: { defaultProps: { transitionProps: { duration: 120 } } },
    Modal: { defaultProps: { transitionProps: { duration: 120 }, centered: true } },
  },
});

const KEY = "tiphys-theme";
type Scheme = "light" | "dark" | "auto";
const isScheme = (value: unknown): value is Scheme => value === "light" || value === "dark" || value === "auto";

/** Keeps the choice where the script of index.html reads it before the first paint. */
export function schemeKeeper(): MantineColorSchemeManager {
  let listener: ((event: StorageEvent) => void) | undefined;
  return {
    get: (fallback) => {
      const kept = read();
      return kept ?? fallback;
    },
    set: (value) => {
      try {
        localStorage.setItem(KEY, value);
      } catch {
        // A browser that keeps nothing shows what it was told until the page is left.
      }
    },
    subscribe: (onUpdate) => {
      listener = (event) => {
        if (event.key === KEY && isScheme(event.newValue)) onUpdate(event.newValue);
      };
      window.addEventListener("storage", listener);
    },
    unsubscribe: () => {
      if (listener) window.removeEventListener("storage", listener);
    },
    clear: () => localStorage.removeItem(KEY),
  };
}

function read(): Scheme | undefined {
  try {
    const kept = localStorage.getItem(KEY);
    return isScheme(kept) ? kept : undefined;
  } catch {
    return undefined;
  }
}
