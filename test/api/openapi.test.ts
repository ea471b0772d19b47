/** The document is OpenAPI 3.1 to two validators that know nothing of each other, and shows an example of every body. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { validate } from '@readme/openapi-parser';
import { Validator } from '@seriousme/openapi-schema-validator';
import { beforeAll, describe, expect, it } from 'vitest';
import { contract } from '../../src/api/contract/contract.ts';
import { apiDocument } from '../../src/api/contract/document.ts';

type Node = Readonly<Record<string, unknown>>;
let document: Node;
beforeAll(() => {
  document = JSON.parse(JSON.stringify(apiDocument('1.2.3'))) as Node;
});

it('is valid to @readme/openapi-parser', async () => {
  const outcome = await validate(structuredClone(document) as never);
  expect(outcome).toMatchObject({ valid: true });
});

it('is valid to @seriousme/openapi-schema-validator', async () => {
  const outcome = await new Validator().validate(structuredClone(document));
  expect(outcome).toEqual({ valid: true });
});

it('has an operation id, a summary, a tag and answers for every call', () => {
  const operations = Object.values(document['paths'] as Record<string, Record<string, Node>>).flatMap((path) =>
    Object.values(path),
  );
  expect(operations.map(({ operationId }) => operationId).sort()).toEqual(Object.keys(contract).sort());
  for (const { operationId, summary, tags, responses } of operations) {
    expect([operationId, typeof summary, (tags as unknown[]).length]).toEqual([operationId, 'string', 1]);
    expect(Object.keys(responses as object).length, String(operationId)).toBeGreaterThan(1);
  }
});

describe('an example', () => {
  it('stands beside every body and every parameter of a path', () => {
    const missing: string[] = [];
    for (const [path, methods] of Object.entries(document['paths'] as Record<string, Record<string, Node>>)) {
      for (const [method, operation] of Object.entries(methods)) {
        const body = operation['requestBody'] as
          | { content: Record<string, { example?: unknown; schema: Node }> }
          | undefined;
        for (const { example, schema } of Object.values(body?.content ?? {}))
          if (example === undefined && exampleOf(schema) === undefined) missing.push(`${method} ${path}: body`);
        for (const parameter of (operation['parameters'] ?? []) as {
          in: string;
          name: string;
          schema: Node;
          example?: unknown;
        }[])
          if (parameter.in === 'path' && parameter.example === undefined && exampleOf(parameter.schema) === undefined)
            missing.push(`${method} ${path}: ${parameter.name}`);
      }
    }
    expect(missing).toEqual([]);
  });
});

/** The example of a schema, or of what it refers to. */
function exampleOf(schema: Node): unknown {
  const name =
    String(schema['$ref'] ?? '')
      .split('/')
      .at(-1) ?? '';
  const named = (document['components'] as { schemas: Record<string, Node> }).schemas[name];
  const { example, examples, anyOf } = named ?? schema;
  const first = ((anyOf ?? []) as Node[]).map(exampleOf).find((found) => found !== undefined);
  return example ?? (examples as unknown[] | undefined)?.[0] ?? first;
}

it('is what the build has written', () => {
  const built = join(import.meta.dirname, '..', '..', 'public', 'api', 'openapi.json');
  const text = readFileSync(built, 'utf8');
  expect(Object.keys((JSON.parse(text) as Node)['paths'] as object)).toEqual(Object.keys(document['paths'] as object));
});
