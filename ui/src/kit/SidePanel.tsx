/** A layer with one object of the page; Esc and Back close exactly this one. */
import { Drawer } from "@mantine/core";
import { type PointerEvent, type ReactNode, useState } from "react";
import { preference, setPreference } from "./preferences";
import css from "./SidePanel.module.css";

interface Props {
  title: ReactNode;
  actions?: ReactNode;
  close: () => void;
  children: ReactNode;
  footer?: ReactNode;
}

const LEAST = 480;
const MOST = 1200;

export function SidePanel({ title, actions, close, children, footer }: Props) {
  const [width, setWidth] = useState(() => Number(preference<string>("panel", "760")) || 760);
  const drag = (down: PointerEvent<HTMLElement>): void => {
    const handle = down.currentTarget;
    handle.setPointerCapture(down.pointerId);
    const move = (event: globalThis.PointerEvent): void => setWidth(Math.round(Math.max(LEAST, Math.min(MOST, window.innerWidth - event.clientX))));
    const up = (event: globalThis.PointerEvent): void => {
      handle.removeEventListener("pointermove", move);
      handle.removeEventListener("pointerup", up);
      setPreference("panel", String(Math.max(LEAST, Math.min(MOST, window.innerWidth - event.clientX))));
    };
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", up);
  };
  return (
    <Drawer.Root opened onClose={close} position="right" transitionProps={{ duration: 120 }} size={`min(100vw, ${width}px)`}>
      <Drawer.Overlay backgroundOpacity={0.25} />
      <Drawer.Content classNames={{ content: css.panel ?? "" }}>
        <span className={css.handle} onPointerDown={drag} aria-hidden />
        <header className={css.head}>
          <Drawer.Title className={css.title}>{title}</Drawer.Title>
          {actions ? <div className={css.actions}>{actions}</div> : null}
          <Drawer.CloseButton aria-label="Close" size={32} />
        </header>
        <div className={css.body}>{children}</div>
        {footer ? <footer className={css.foot}>{footer}</footer> : null}
      </Drawer.Content>
    </Drawer.Root>
  );
}
