/** Makes the copy buttons of the public page work. The page hides them until this script runs in the browser. */
for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-copy]')) {
  // Browsers offer the clipboard only to pages in a secure context (https).
  if (navigator.clipboard === undefined) break;
  button.hidden = false;
  const label = button.firstChild;
  button.addEventListener('click', async () => {
    const outcome = await navigator.clipboard.writeText(button.dataset['copy'] ?? '').then(
      () => 'Copied',
      () => 'Not allowed',
    );
    if (label) label.textContent = outcome;
    setTimeout(() => {
      if (label) label.textContent = 'Copy';
    }, 1500);
  });
}
