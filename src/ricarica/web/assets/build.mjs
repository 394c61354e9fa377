// Builds the pages' styles and islands into ../static/dist, with hashed names and a manifest that assets.py reads.
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, watch, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import { compile, optimize } from "@tailwindcss/node";
import { Scanner } from "@tailwindcss/oxide";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "../static/dist");

// Baseline 2024: the oldest browsers that know light-dark(), :has() and <dialog>.
const targets = ["chrome123", "firefox121", "safari17.5"];

/** The template classes and our sheets, compiled to one plain sheet. */
async function styles() {
  const source = await readFile(join(here, "app.css"), "utf8");
  const compiler = await compile(source, { base: here, onDependency: () => {} });
  const scanner = new Scanner({ sources: compiler.sources });
  return optimize(compiler.build(scanner.scan()), { minify: true }).code;
}

/** Fonts are bundled apart, because Tailwind does not follow url() into packages. */
async function bundle() {
  const sheet = { contents: `@import "./fonts.css";\n${await styles()}`, loader: "css", resolveDir: here };
  const names = { entryNames: "app-[hash]", assetNames: "[name]-[hash]", chunkNames: "[name]-[hash]" };
  const shared = { ...names, bundle: true, minify: true, metafile: true, outdir: dist, target: targets };
  const scripts = await esbuild.build({
    ...shared,
    entryPoints: [join(here, "islands/app.ts")],
    format: "esm",
    splitting: true,
    loader: { ".css": "text" }, // sheets of libraries, for shadow roots
  });
  const sheets = await esbuild.build({ ...shared, stdin: sheet, loader: { ".woff2": "file" } });
  return [scripts.metafile, sheets.metafile];
}

/** Outputs by the name a template asks for: `app.js`, `app.css`, and fonts by their file name. */
function named(metafiles) {
  const manifest = {};
  for (const [path, output] of metafiles.flatMap((meta) => Object.entries(meta.outputs))) {
    const file = basename(path);
    if (file.endsWith(".woff2")) manifest[file.replace(/-[A-Z0-9]{7,8}(?=\.)/, "")] = file;
    else if (/^app-[^.]+\.(js|css)$/.test(file) && output.entryPoint !== undefined) manifest[`app${extname(file)}`] = file;
  }
  return manifest;
}

async function copied(source, name) {
  const bytes = await readFile(source);
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 8).toUpperCase();
  const file = name.replace(/(?=\.[^.]+$)/, `-${hash}`);
  await writeFile(join(dist, file), bytes);
  return { [name]: file };
}

async function build() {
  const started = performance.now();
  await rm(dist, { recursive: true, force: true });
  await mkdir(dist, { recursive: true });
  const manifest = {
    ...named(await bundle()),
    ...(await copied(join(here, "symbols.svg"), "symbols.svg")),
    ...(await copied(join(here, "mark.svg"), "mark.svg")),
    ...(await copied(fileURLToPath(import.meta.resolve("world-atlas/countries-50m.json")), "land.json")),
  };
  await writeFile(join(dist, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  const took = Math.round(performance.now() - started);
  console.log(`${Object.keys(manifest).length} files in ${relative(process.cwd(), dist)} (${took} ms)`);
}

await build();
if (process.argv.includes("--watch")) {
  for await (const change of watch(join(here, ".."), { recursive: true })) {
    if (/\.(css|ts|html|svg)$/.test(change.filename ?? "")) await build();
  }
}
