import { Component, type ReactNode } from "react";
import { ErrorState } from "./states";

interface Props {
  children: ReactNode;
  /** A change of it gives the content another chance. */
  of?: string;
}

const isStaleChunk = (error: unknown): boolean => error instanceof Error && /dynamically imported module|Importing a module script failed|error loading/i.test(error.message);

/** Holds a crash where it happened: the rest of the page goes on. */
export class Boundary extends Component<Props, { error: unknown; of: string | undefined }> {
  override state = { error: undefined as unknown, of: this.props.of };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  static getDerivedStateFromProps(props: Props, state: { error: unknown; of: string | undefined }): Partial<{ error: unknown; of: string | undefined }> | null {
    return props.of === state.of ? null : { error: undefined, of: props.of };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    if (isStaleChunk(error)) {
      return <ErrorState error={new Error("tiphys was updated: this part of the page comes from the version before.")} title="Reload to go on" retry={() => location.reload()} />;
    }
    return <ErrorState error={error} title="This part of the page failed" retry={() => this.setState({ error: undefined })} />;
  }
}
