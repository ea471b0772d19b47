/** Writes the API document as a page for people, which needs no script. No I/O. */
import { html } from 'hono/html';
import { framed } from '../frame.ts';
import { type Schema, shapeText } from './shape-text.ts';

type Markup = ReturnType<typeof html>;

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
}

interface Content {
  readonly [type: string]: { readonly schema: Schema };
}

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly security?: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly description?: string; readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}

/** The fields of OpenAPI that our document uses. */
interface OpenApi {
  readonly info: { readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** Returns the page of an OpenAPI document that `apiDocument` made. */
export function apiPage(document: object): Markup {
  const { info, tags, paths, components } = document as OpenApi;
  const calls = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  return framed({
    title: 'Flatcar Edge: API',
    description: 'Every call of the operator API, what it takes, what it gives and how it can be refused.',
    body: html`<h1>API <span class="faint">${info.version}</span></h1>
<p>${prose(info.description)}</p>
<p>For programs: <a href="/api/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
${tags.map(
  ({ name, description }) => html`<h2 id="${anchor(name)}">${name}</h2><p>${prose(description)}</p>
${calls.filter(({ operation }) => operation.tags.includes(name)).map((call) => callMarkup(call, components.schemas))}`,
)}`,
  });
}

interface Call {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

function callMarkup({ path, method, operation }: Call, schemas: Readonly<Record<string, Schema>>): Markup {
  const { operationId, summary, description, parameters = [], requestBody, responses, security = [] } = operation;
  const needsToken = security.length > 0;
  const [good = '', ...refusals] = Object.keys(responses).sort();
  return html`<details class="call" id="${operationId}"><summary><span class="method">${method.toUpperCase()}</span><code>${path}</code><span>${prose(summary)}</span></summary><div>
<p>${prose(description ?? '')} ${needsToken ? '' : html`<span class="chip">no operator token</span>`}</p>
${parameters.length === 0 ? '' : parameterTable(parameters)}
${requestBody === undefined ? '' : html`<h4>Body${requestBody.required === false ? ' (may be absent)' : ''}</h4>${requestBody.description === undefined ? '' : html`<p>${prose(requestBody.description)}</p>`}${shapes(requestBody.content, schemas)}`}
<h4>${good}</h4><p>${responses[good]?.description ?? ''}</p>${shapes(responses[good]?.content ?? {}, schemas)}
${refusals.length === 0 ? '' : html`<h4>Refused with</h4><div class="scroll" tabindex="0" role="region" aria-label="Refusals of ${operationId}"><table class="shape"><tbody>${refusals.map((status) => html`<tr><th scope="row">${status}</th><td>${prose(responses[status]?.description ?? '')}</td></tr>`)}</tbody></table></div>`}
</div></details>`;
}

const parameterTable = (parameters: readonly Parameter[]): Markup =>
  html`<h4>Parameters</h4><div class="scroll" tabindex="0" role="region" aria-label="Parameters"><table class="shape"><thead><tr><th scope="col">Name</th><th scope="col">In</th><th scope="col">Value</th></tr></thead><tbody>${parameters.map(
    ({ name, in: location, required, description, schema }) =>
      html`<tr><td><code>${name}</code></td><td>${location}</td><td><code>${shapeText(schema, {})}</code>${required ? '' : ' (optional)'}${description === undefined ? '' : html`: ${prose(description)}`}</td></tr>`,
  )}</tbody></table></div>`;

const shapes = (content: Content, schemas: Readonly<Record<string, Schema>>): Markup[] =>
  Object.entries(content).map(
    ([type, { schema }]) =>
      html`<p class="faint">${type}</p>${schema.type === 'string' ? '' : html`<pre tabindex="0" role="region" aria-label="Shape"><code>${shapeText(schema, schemas)}</code></pre>`}`,
  );

/** Returns a text as HTML, in which a text between backticks becomes code. */
const prose = (text: string): Markup[] =>
  text.split('`').map((piece, index) => (index % 2 === 1 ? html`<code>${piece}</code>` : html`${piece}`));

const anchor = (name: string): string => name.toLowerCase().replaceAll(' ', '-');
