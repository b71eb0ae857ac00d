import { Modal } from "@mantine/core";
import { LoginCard } from "./LoginCard";

/** The sign-in card over a page that stays as it was, with its filters and drafts. */
export function SignInAgain({ close, onSignedIn }: { close: () => void; onSignedIn: () => void }) {
  return (
    <Modal opened onClose={close} title="Your session has ended" size="sm">
      <LoginCard onSignedIn={onSignedIn} isInPlace />
    </Modal>
  );
}
