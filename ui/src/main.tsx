import { createRoot } from "react-dom/client";
import "./app/styles";
import { App } from "./app/App";
import { nonce } from "./kit/nonce";

// Read by the library that locks scrolling behind a layer, which has no other way to be told.
// oxlint-disable-next-line no-underscore-dangle
(globalThis as { __webpack_nonce__?: string }).__webpack_nonce__ = nonce();

const root = document.getElementById("root");
if (root) createRoot(root).render(<App />);
