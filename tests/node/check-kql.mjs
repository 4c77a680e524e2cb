// Microsoft's own KQL checker: reads {schema, queries} as JSON from stdin, writes each query's errors and
// result columns as JSON to stdout.
//   schema: table name -> "(Column:type, ...)"; queries: name -> text
//   answer: name -> {errors: [{code, severity, message, at}], columns: ["Name:type", ...]}
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
// Both files set globals and export nothing.
require("@kusto/language-service-next/bridge.min.js");
require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");
const { GlobalState, KustoCode, Symbols } = globalThis.Kusto.Language;

function globalsFor(schema) {
  const tables = Object.entries(schema).map(([name, columns]) => new Symbols.TableSymbol.$ctor7(name, columns, null));
  return GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor("LogAnalytics", tables));
}

function check(globals, text) {
  const code = KustoCode.ParseAndAnalyze(text, globals);
  const found = code.GetDiagnostics();
  const errors = [];
  for (let index = 0; index < found.Count; index += 1) {
    const { Severity, Code, Message, Start, Length } = found.getItem(index);
    errors.push({ severity: Severity, code: Code, message: Message, at: text.slice(Start, Start + Length) });
  }
  const columns = [];
  const result = code.ResultType;
  if (result?.Columns) {
    for (let index = 0; index < result.Columns.Count; index += 1) {
      const column = result.Columns.getItem(index);
      columns.push(`${column.Name}:${column.Type.Name}`);
    }
  }
  return { errors, columns };
}

const { schema, queries } = JSON.parse(readFileSync(0, "utf-8"));
const globals = globalsFor(schema);
const answer = Object.fromEntries(Object.entries(queries).map(([name, text]) => [name, check(globals, text)]));
process.stdout.write(JSON.stringify(answer));
