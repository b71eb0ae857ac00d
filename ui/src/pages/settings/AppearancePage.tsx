import { SegmentedControl, useMantineColorScheme } from "@mantine/core";
import { useState } from "react";
import { preference, setPreference } from "@/kit/preferences";
import { SettingsFrame } from "./SettingsFrame";
import css from "./settings.module.css";

export function AppearancePage() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [zone, setZone] = useState(() => preference<string>("zone", "local"));
  return (
    <SettingsFrame page="appearance">
      <div className={css.form}>
        <h2>Theme</h2>
        <SegmentedControl
          aria-label="Theme"
          data={[
            { value: "auto", label: "As the system" },
            { value: "light", label: "Light" },
            { value: "dark", label: "Dark" },
          ]}
          value={colorScheme}
          onChange={(value) => setColorScheme(value as "auto" | "light" | "dark")}
        />
        <h2>Exact times</h2>
        <SegmentedControl
          aria-label="Exact times"
          data={[
            { value: "local", label: "My time zone" },
            { value: "utc", label: "UTC" },
          ]}
          value={zone}
          onChange={(value) => {
            setPreference("zone", value);
            setZone(value);
          }}
        />
        <p className={css.muted}>Both are kept in this browser.</p>
      </div>
    </SettingsFrame>
  );
}
