/** Copies a text, and says that it did. */
import { Button } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { frame } from "../words/en/frame";
import { Icon } from "./icon";

export function Copy({ text, what }: { text: string; what?: string }) {
  const clipboard = useClipboard({ timeout: 1500 });
  const word = clipboard.copied ? frame.copied : frame.copy;
  return (
    <Button
      size="compact-xs"
      variant="default"
      leftSection={<Icon name={clipboard.copied ? "check" : "copy"} size={13} />}
      aria-label={what ? `${word} ${what}` : word}
      onClick={() => clipboard.copy(text)}
    >
      {word}
    </Button>
  );
}
