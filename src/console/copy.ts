/** In the browser: buttons that copy what stands beside them. They are hidden until this has run. */
for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-copy]')) {
  // Browsers give the clipboard to pages over https alone.
  if (navigator.clipboard === undefined) break;
  button.hidden = false;
  const said = button.firstChild;
  button.addEventListener('click', async () => {
    const done = await navigator.clipboard.writeText(button.dataset['copy'] ?? '').then(
      () => 'Copied',
      () => 'Not allowed',
    );
    if (said) said.textContent = done;
    setTimeout(() => {
      if (said) said.textContent = 'Copy';
    }, 1500);
  });
}
