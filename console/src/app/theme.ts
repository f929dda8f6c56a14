/** The component base with our tokens: one accent, quiet surfaces, small radii, tables of 13 px. */
import { createTheme, type MantineColorsTuple } from "@mantine/core";

const mile: MantineColorsTuple = [
  "#eef3ff",
  "#dce4fb",
  "#b9c7f3",
  "#9db0ee",
  "#8aa2ec",
  "#6f8ce6",
  "#4a70dd",
  "#2f5bd7",
  "#284fbe",
  "#1f43a6",
];

const dark: MantineColorsTuple = [
  "#e6e8ec",
  "#c9ced6",
  "#a5adb9",
  "#7d8694",
  "#434954",
  "#2e323a",
  "#20242a",
  "#1b1e23",
  "#15171b",
  "#111316",
];

/** Dark enough at 7 for text on our surfaces, where the component base's own are not. */
const red: MantineColorsTuple = [
  "#fef3f2",
  "#fee4e2",
  "#fecdca",
  "#fda29b",
  "#f6857c",
  "#e0483d",
  "#c9372c",
  "#b42318",
  "#912018",
  "#7a271a",
];
const yellow: MantineColorsTuple = [
  "#fffaeb",
  "#fef0c7",
  "#fedf89",
  "#fec84b",
  "#e5ab4f",
  "#b87503",
  "#a36402",
  "#8a5200",
  "#744500",
  "#5e3800",
];

export const theme = createTheme({
  primaryColor: "mile",
  primaryShade: { light: 7, dark: 7 },
  colors: { mile, dark, red, yellow },
  defaultRadius: "sm",
  cursorType: "pointer",
  respectReducedMotion: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, "JetBrains Mono", Menlo, Consolas, monospace',
  fontSizes: { xs: "12px", sm: "13px", md: "14px", lg: "16px", xl: "20px" },
  headings: { fontWeight: "600" },
  components: {
    ModalRoot: { defaultProps: { transitionProps: { duration: 0 }, lockScroll: false } },
    Modal: { defaultProps: { centered: true, transitionProps: { duration: 0 }, lockScroll: false } },
    Menu: { defaultProps: { transitionProps: { duration: 0 }, shadow: "sm", withinPortal: true } },
    Tooltip: { defaultProps: { openDelay: 250, transitionProps: { duration: 0 } } },
    Button: { defaultProps: { size: "sm" } },
    TextInput: { defaultProps: { size: "sm" } },
    Select: { defaultProps: { size: "sm" } },
  },
});
