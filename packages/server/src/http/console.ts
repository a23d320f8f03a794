/** Gives out the built console: its files, and its one page for every address that a person opens. */
import { access, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import fastifyStatic from '@fastify/static';
import { PiculusError } from '@piculus/protocol';
import { API_PREFIX } from '@piculus/protocol/http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DOCS_PATH, OPENAPI_PATH } from './openapi.ts';

const PAGE = 'index.html';
const ASSETS = '/assets/';
/** What belongs to programs: an address that is unknown there stays unknown, whoever asks. */
const PROGRAMS = /^\/(api|gateway|assets)([/?]|$)/;
/** Files beside the ones that are asked for: compressed forms are chosen by the header, and maps are not given out. */
const HIDDEN = /(^|\/)\.|\.(br|gz|map)$|\/$/;

const LINKS = {
  name: 'Piculus',
  api: API_PREFIX,
  docs: DOCS_PATH,
  openapi: OPENAPI_PATH,
  health: `${API_PREFIX}/health`,
};

const NOT_BUILT = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Piculus</title></head><body>
<h1>Piculus</h1><p>The server is running, and its console is not built: run <code>npm run build</code> and start the server again.</p>
<p lang="zh-CN">服务正在运行，但控制台尚未构建：请运行 <code>npm run build</code>，然后重新启动服务。</p>
<ul><li><a href="${DOCS_PATH}/">HTTP API</a></li><li><a href="${OPENAPI_PATH}">OpenAPI 3.1</a></li></ul></body></html>`;

/** @returns the folder of the built console; null where it is not installed or not built. */
export async function findConsole(): Promise<string | null> {
  try {
    const manifest = createRequire(import.meta.url).resolve('@piculus/console/package.json');
    const folder = join(dirname(manifest), 'dist');
    await access(join(folder, PAGE));
    return folder;
  } catch {
    return null;
  }
}

/** @param folder what a build of the console made; null gives out a page that says how to build it. */
export async function registerConsole(http: FastifyInstance, folder: string | null): Promise<void> {
  const sendPage = folder === null ? sendNotBuilt : await serveFiles(http, folder);
  http.get('/', { schema: { hide: true } }, (request, reply) => {
    reply.header('vary', 'accept');
    return wantsPage(request) ? sendPage(reply) : reply.send(LINKS);
  });
  http.get('/*', { schema: { hide: true } }, (request, reply) => {
    if (PROGRAMS.test(request.url) || !wantsPage(request)) throw new PiculusError('not-found');
    reply.header('vary', 'accept');
    // The console finds its own page from the address, so that a link that was copied opens again.
    return sendPage(reply);
  });
}

type SendPage = (reply: FastifyReply) => FastifyReply;

async function serveFiles(http: FastifyInstance, folder: string): Promise<SendPage> {
  await http.register(fastifyStatic, {
    root: join(folder, 'assets'),
    prefix: ASSETS,
    // Their names change with what they hold.
    immutable: true,
    maxAge: '365d',
    index: false,
    dotfiles: 'ignore',
    preCompressed: true,
    allowedPath: (path) => !HIDDEN.test(path),
  });
  const send = (reply: FastifyReply, name: string): FastifyReply =>
    reply.header('cache-control', 'no-cache').sendFile(name, folder, { cacheControl: false });
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile() || entry.name === PAGE || HIDDEN.test(entry.name)) continue;
    http.get(`/${entry.name}`, { schema: { hide: true } }, (_, reply) => send(reply, entry.name));
  }
  return (reply) => send(reply, PAGE);
}

function sendNotBuilt(reply: FastifyReply): FastifyReply {
  return reply.type('text/html; charset=utf-8').send(NOT_BUILT);
}

function wantsPage(request: FastifyRequest): boolean {
  return request.headers.accept?.includes('text/html') ?? false;
}
