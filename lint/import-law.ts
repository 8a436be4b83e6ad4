import { existsSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, relative, resolve, sep } from 'node:path'
import type { Rule } from 'eslint'
import ts from 'typescript'
import { LAYERS, layerOf, ROOTS } from './layers.ts'

const ROOT = resolve(import.meta.dirname, '..')

/** One import, export-from or `import()` of a file. */
interface Reference {
  node: Rule.Node
  specifier: string
  isTypeOnly: boolean
}

/** Enforces the table of layers.ts. Files outside it (tests, benchmarks, scripts) may import everything. */
const layers: Rule.RuleModule = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      broken: '{{what}} {{lesson}}',
      homeless:
        '{{path}} belongs to no folder of the import law: move it into one, or give its folder a row in lint/layers.ts.',
    },
  },
  create(context) {
    const path = pathFromRoot(context.filename)
    const from = layerOf(path)
    if (from !== undefined) {
      return visitReferences((reference) => {
        const broken = judge(from, context.filename, reference)
        if (broken !== undefined) context.report({ node: reference.node, messageId: 'broken', data: broken })
      })
    }
    if (!path.startsWith('src/')) return {}
    return {
      Program(node) {
        context.report({ node, messageId: 'homeless', data: { path } })
      },
    }
  },
}

/** Forbids cycles between files, those through `import type` included: a cycle of types is one of ideas. */
const noCycle: Rule.RuleModule = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      cycle: 'This import closes a circle ({{path}}): move what both need into a file that imports neither.',
    },
  },
  create(context) {
    // One walk per file; only where it comes back is each import looked at.
    const imports = importsIn(context.sourceCode.text, context.filename)
    if (wayBack(imports, context.filename) === undefined) return {}
    return visitReferences(({ node, specifier }) => {
      const target = resolveSpecifier(specifier, context.filename)
      const path = target === undefined ? undefined : wayBack([target], context.filename)
      if (path === undefined) return
      context.report({
        node,
        messageId: 'cycle',
        data: { path: path.map(pathFromRoot).join(' → ') },
      })
    })
  },
}

export const importLaw = { rules: { layers, 'no-cycle': noCycle } }

function judge(
  from: string,
  filename: string,
  { specifier, isTypeOnly }: Reference,
): { what: string; lesson: string } | undefined {
  const layer = LAYERS[from]
  if (layer === undefined) return undefined
  const target = resolveSpecifier(specifier, filename)
  if (target === undefined) return judgePackage(layer, specifier, isTypeOnly)

  if (pathFromRoot(target) === 'package.json') return undefined
  const to = layerOf(pathFromRoot(target))
  if (to === from) return undefined
  if (to === 'bin' || (to !== undefined && ROOTS.has(to) && !ROOTS.has(from))) {
    return {
      what: `${nameOf(layer)} may not import ${specifier}.`,
      lesson: LAYERS[to]?.lesson ?? '',
    }
  }
  if (layer.imports === 'everything') return undefined
  const permission = to === undefined ? undefined : layer.imports[to]
  if (permission === 'value' || (permission === 'type' && isTypeOnly)) return undefined
  const what =
    permission === 'type'
      ? `${nameOf(layer)} may import only types from ${specifier} (\`import type\`).`
      : `${nameOf(layer)} may not import ${specifier}.`
  return { what, lesson: layer.lesson }
}

function nameOf(layer: (typeof LAYERS)[string]): string {
  return layer.paths[0] ?? ''
}

function judgePackage(
  layer: (typeof LAYERS)[string],
  specifier: string,
  isTypeOnly: boolean,
): { what: string; lesson: string } | undefined {
  const isAllowed = isBuiltin(specifier) ? layer.nodeModules !== false : layer.packages.test(specifier)
  if (isAllowed) return undefined
  if (isTypeOnly && layer.packageTypes?.test(specifier) === true) return undefined
  return {
    what: `${nameOf(layer)} may not import ${specifier}.`,
    lesson: layer.lesson,
  }
}

function visitReferences(visit: (reference: Reference) => void): Rule.RuleListener {
  const onDeclaration = (node: Rule.Node): void => {
    const specifier = 'source' in node ? literalText(node.source) : undefined
    if (specifier !== undefined) visit({ node, specifier, isTypeOnly: isTypeOnlyDeclaration(node) })
  }
  return {
    ImportDeclaration: onDeclaration,
    ExportNamedDeclaration: onDeclaration,
    ExportAllDeclaration: onDeclaration,
    ImportExpression: onDeclaration,
  }
}

function literalText(node: unknown): string | undefined {
  if (typeof node !== 'object' || node === null || !('value' in node)) return undefined
  return typeof node.value === 'string' ? node.value : undefined
}

/** `import type …`, `export type …`, and imports in which every name is marked `type`. */
function isTypeOnlyDeclaration(node: object): boolean {
  if ('importKind' in node && node.importKind === 'type') return true
  if ('exportKind' in node && node.exportKind === 'type') return true
  const specifiers: unknown = 'specifiers' in node ? node.specifiers : []
  if (!Array.isArray(specifiers) || specifiers.length === 0) return false
  return specifiers.every(
    (specifier: object) =>
      ('importKind' in specifier && specifier.importKind === 'type') ||
      ('exportKind' in specifier && specifier.exportKind === 'type'),
  )
}

/** The file a relative specifier names; undefined for packages and Node's own modules. */
function resolveSpecifier(specifier: string, filename: string): string | undefined {
  return specifier.startsWith('.') ? resolve(dirname(filename), specifier) : undefined
}

function pathFromRoot(filename: string): string {
  return relative(ROOT, filename).split(sep).join('/')
}

/** The shortest chain of imports from one of `starts` to `goal`, both included; undefined when there is none. */
function wayBack(starts: readonly string[], goal: string): string[] | undefined {
  const cameFrom = new Map<string, string | undefined>(starts.map((start) => [start, undefined]))
  for (const file of cameFrom.keys()) {
    if (file === goal) return chainTo(file, cameFrom)
    for (const next of importsOf(file)) if (!cameFrom.has(next)) cameFrom.set(next, file)
  }
  return undefined
}

function chainTo(file: string, cameFrom: ReadonlyMap<string, string | undefined>): string[] {
  const chain: string[] = []
  for (let at: string | undefined = file; at !== undefined; at = cameFrom.get(at)) chain.unshift(at)
  return chain
}

const importsByFile = new Map<string, { text: string; imports: string[] }>()

/** Parsed anew when its text has changed, since an editor keeps this module loaded. */
function importsOf(file: string): string[] {
  if (!/\.[cm]?tsx?$/.test(file) || !existsSync(file)) return []
  const text = readFileSync(file, 'utf8')
  const known = importsByFile.get(file)
  if (known?.text === text) return known.imports
  const imports = importsIn(text, file)
  importsByFile.set(file, { text, imports })
  return imports
}

/** The files that a file with this text imports, whether for values or for types. */
function importsIn(text: string, file: string): string[] {
  return ts
    .preProcessFile(text, true, true)
    .importedFiles.map(({ fileName }) => resolveSpecifier(fileName, file))
    .filter((path) => path !== undefined)
}
