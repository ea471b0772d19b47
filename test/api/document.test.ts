import { describe, expect, it } from 'vitest';
import { REFUSALS } from '../../src/api/contract/call.ts';
import { apiDocument } from '../../src/api/contract/document.ts';
import { apiPage } from '../../src/pages/docs/api-page.ts';

interface Operation {
  operationId: string;
  security: object[];
  responses: Record<string, { description: string; content: Record<string, { schema: { $ref?: string } }> }>;
}

const document = apiDocument('0.0.0') as {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
};
const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));

describe('the API document', () => {
  it('is the one that was looked at when it last changed', async () => {
    await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot('./openapi.snapshot.json');
  });

  it('names every operation once, and every reference leads somewhere', () => {
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, name = ''] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g))
      expect(document.components.schemas).toHaveProperty(name);
  });

  it('describes every refusal as a problem, the missing token among them', () => {
    for (const { operationId, responses, security } of operations) {
      const refusals = Object.entries(responses).filter(([status]) => Number(status) >= 400);
      if (security.length > 0) expect(Object.keys(responses), operationId).toContain('401');
      for (const [status, { description, content }] of refusals) {
        expect(description, `${operationId} ${status}`).toBe(REFUSALS[Number(status) as 401]);
        if (security.length > 0)
          expect(content['application/problem+json']?.schema.$ref).toBe('#/components/schemas/Problem');
        expect(Object.keys(content)).toHaveLength(1);
      }
    }
  });

  it('is there to read, every operation of it, without a script', () => {
    const page = String(apiPage(document));
    for (const { operationId } of operations) expect(page).toContain(`id="${operationId}"`);
    expect(page).not.toMatch(/<script|style=|https?:\/\/(?!www\.apache)/);
  });
});
