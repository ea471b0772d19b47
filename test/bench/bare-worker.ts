/** Bare Workers in one: each path does the least that could give the same bytes. What the edge is measured beside. */
interface BareEnv {
  readonly UPSTREAM: string;
  readonly BUCKET: R2Bucket;
  readonly COPIES: KVNamespace;
}

export default {
  async fetch(request, env): Promise<Response> {
    const [, what, ...rest] = new URL(request.url).pathname.split('/');
    const name = rest.join('/');
    if (what === 'pass') return await fetch(`${env.UPSTREAM}/${name}`);
    if (what === 'put') {
      const upstream = await fetch(`${env.UPSTREAM}/${name}`);
      await env.BUCKET.put(name, upstream.body);
      return new Response('stored');
    }
    if (what === 'r2') {
      const object = await env.BUCKET.get(name, { range: request.headers });
      return new Response(object?.body ?? null, { status: object === null ? 404 : 200 });
    }
    if (what === 'keep') {
      const text = await request.text();
      await Promise.all([env.BUCKET.put(name, text), env.COPIES.put(name, text, { metadata: { etag: 'x' } })]);
      return new Response('kept');
    }
    // The reads of a boot whose copies are fresh: head and copy of the machine, then of its profile.
    if (what === 'reads') {
      const [copy] = await Promise.all([
        env.COPIES.getWithMetadata(`${name}-machine`),
        env.BUCKET.head(`${name}-machine`),
      ]);
      await Promise.all([env.COPIES.getWithMetadata(`${name}-profile`), env.BUCKET.head(`${name}-profile`)]);
      return new Response(copy.value);
    }
    return new Response('bare');
  },
} satisfies ExportedHandler<BareEnv>;
