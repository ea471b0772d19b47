/** Wrangler bundles the .txt files of dist/pages as text. The build of the pages writes these files. */
declare module '*.txt' {
  const text: string;
  export default text;
}
