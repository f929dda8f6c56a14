/** The keys that work on every page, and the list of them. Nothing happens while somebody types. */
import { Modal } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { frame, KEYS } from "../words/en/frame";
import { PLACES } from "./navigation";

const SECOND_KEY_MS = 900;
const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

interface Acts {
  onPalette: () => void;
  onKeys: () => void;
}

export function useKeys({ onPalette, onKeys }: Acts): void {
  const navigate = useNavigate();
  useEffect(() => {
    let wentAt = 0;
    const onKey = (event: KeyboardEvent): void => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        onPalette();
        return;
      }
      if (isTyping(event.target) || event.metaKey || event.ctrlKey || event.altKey) return;
      if (document.querySelector("[role=dialog]")) return;
      if (event.key === "?") return onKeys();
      if (event.key === "/") {
        const search = document.querySelector<HTMLInputElement>("main [data-page-search]");
        if (search) {
          event.preventDefault();
          search.focus();
        }
        return;
      }
      if (event.key === "g") {
        wentAt = event.timeStamp;
        return;
      }
      if (event.timeStamp - wentAt < SECOND_KEY_MS) {
        wentAt = 0;
        const place = PLACES.find(({ key }) => key === event.key);
        if (place) void navigate({ to: place.to });
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [navigate, onPalette, onKeys]);
}

export function KeyList({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Modal opened={isOpen} onClose={onClose} title={frame.keys} closeButtonProps={{ "aria-label": frame.close }}>
      <dl className="facts">
        {KEYS.filter(([key]) => !key.startsWith("g ") || PLACES.some((place) => `g ${place.key}` === key)).map(
          ([key, does]) => (
            <div key={key} style={{ display: "contents" }}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{does}</dd>
            </div>
          ),
        )}
      </dl>
    </Modal>
  );
}
