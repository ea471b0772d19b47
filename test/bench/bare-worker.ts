/** Bare Workers in one: each path does the least that could give the same bytes. What the edge is measured beside. */
interface BareEnv {
  readonly UPSTREAM: string;
  readonly BUCKET: R2Bucket;
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
    return new Response('bare');
  },
} satisfies ExportedHandler<BareEnv>;
