/** What the build of the pages leaves in dist/pages is bundled as text (wrangler's rule for .txt). */
declare module '*.txt' {
  const text: string;
  export default text;
}
