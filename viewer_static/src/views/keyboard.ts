/** Whether a key belongs to a text field (or to an open dialog) rather than to the page. */
export function isTyping(event: KeyboardEvent): boolean {
  if (event.isComposing) return true;
  return event.composedPath().some(
    (node) =>
      node instanceof HTMLTextAreaElement ||
      (node instanceof HTMLInputElement && node.type !== 'range') ||
      node instanceof HTMLSelectElement ||
      node instanceof HTMLDialogElement,
  );
}
