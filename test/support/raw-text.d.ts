/** A file as it stands, read when the tests are bundled: there is no file system in workerd. */
declare module '*?raw' {
  const text: string;
  export default text;
}
